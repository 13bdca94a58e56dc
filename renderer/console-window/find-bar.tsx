/** Finds in the terminal's lines, or in the whole log: Enter goes on, Shift+Enter back, Escape ends. */
import { CaseSensitive, ChevronDown, ChevronUp, History, Regex, X } from 'lucide-react';
import { type KeyboardEvent, type ReactElement, useEffect, useRef, useState } from 'react';
import { ToggleButton } from 'react-aria-components';
import { Button } from '../shared/button.tsx';
import { useConsole } from './console-context.ts';
import { LogResults } from './log-results.tsx';

export function FindBar({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { terminal } = useConsole();
  const [text, setText] = useState('');
  const [found, setFound] = useState({ index: -1, count: 0 });
  const [caseSensitive, setCaseSensitive] = useState(false);
  const [isRegex, setIsRegex] = useState(false);
  const [inLog, setInLog] = useState(false);
  const [asked, setAsked] = useState({ text: '', times: 0 }); // what the log was last searched for
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
    const subscription = terminal.onFound(setFound);
    return () => {
      subscription.dispose();
      terminal.endFind();
      terminal.xterm.focus();
    };
  }, [terminal]);
  const search = (what: string): void => setAsked(({ times }) => ({ text: what, times: times + 1 }));
  const find = (direction: 'next' | 'previous', incremental: boolean, what = text): void => terminal.find(what, direction, incremental, { caseSensitive, regex: isRegex });
  const isHow = `${caseSensitive} ${isRegex}`;
  useEffect(() => {
    if (text !== '' && !inLog) find('previous', true);
    // oxlint-disable-next-line react/exhaustive-deps -- what is typed is looked for as it is typed
  }, [isHow]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') onClose();
    else if (event.key === 'Enter' && event.target === input.current) {
      if (inLog) search(text);
      else find(event.shiftKey ? 'previous' : 'next', false);
    } else return;
    event.preventDefault();
  };
  const onChange = (next: string): void => {
    setText(next);
    if (next === '') {
      terminal.endFind();
      setFound({ index: -1, count: 0 });
    } else if (!inLog) find('previous', true, next); // what was printed last is what is looked for
  };
  const count = text === '' || inLog ? '' : found.count === 0 ? 'none' : `${found.index >= 0 ? found.index + 1 : '?'}/${found.count}`;
  return (
    <div className={inLog ? 'find-bar in-log' : 'find-bar'} role="search" onKeyDown={onKeyDown}>
      <div className="find-line">
        <input ref={input} aria-label="Find" placeholder={inLog ? 'Find in the whole log' : 'Find'} value={text} spellCheck={false} maxLength={1_000} onChange={(event) => onChange(event.target.value)} />
        <span className="find-count quiet" role="status">{count}</span>
        <Toggle label="Match case" icon={CaseSensitive} isOn={caseSensitive} onChange={setCaseSensitive} />
        <Toggle label="Regular expression" icon={Regex} isOn={isRegex} onChange={setIsRegex} />
        <Toggle
          label="In the whole log"
          icon={History}
          isOn={inLog}
          onChange={(isOn) => {
            setInLog(isOn);
            search(isOn ? text : '');
            input.current?.focus();
          }}
        />
        <Button label={inLog ? 'Search the log' : 'Previous match'} icon={ChevronUp} kind="bare" small iconOnly onPress={() => (inLog ? search(text) : find('previous', false))} />
        <Button label="Next match" icon={ChevronDown} kind="bare" small iconOnly disabled={inLog} onPress={() => find('next', false)} />
        <Button label="Close find" icon={X} kind="bare" small iconOnly onPress={onClose} />
      </div>
      {inLog && <LogResults key={asked.times} pattern={asked.text} caseSensitive={caseSensitive} isRegex={isRegex} />}
    </div>
  );
}

interface ToggleProps {
  readonly label: string;
  readonly icon: typeof Regex;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

function Toggle({ label, icon: Icon, isOn, onChange }: ToggleProps): ReactElement {
  return (
    <ToggleButton className="button bare icon small" aria-label={label} isSelected={isOn} onChange={onChange}>
      <Icon size={16} aria-hidden />
    </ToggleButton>
  );
}
