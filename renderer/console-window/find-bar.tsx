/** Finds in the terminal's lines: Enter goes on, Shift+Enter back, Escape ends. */
import { ChevronDown, ChevronUp, X } from 'lucide-react';
import { type KeyboardEvent, type ReactElement, useEffect, useRef, useState } from 'react';
import { Button } from '../shared/button.tsx';
import { useConsole } from './console-context.ts';

export function FindBar({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { terminal } = useConsole();
  const [text, setText] = useState('');
  const [found, setFound] = useState({ index: -1, count: 0 });
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
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') onClose();
    else if (event.key === 'Enter') terminal.find(text, event.shiftKey ? 'previous' : 'next', false);
    else return;
    event.preventDefault();
  };
  const onChange = (next: string): void => {
    setText(next);
    if (next === '') {
      terminal.endFind();
      setFound({ index: -1, count: 0 });
    } else terminal.find(next, 'previous', true); // what was printed last is what is looked for
  };
  const count = text === '' ? '' : found.count === 0 ? 'none' : `${found.index >= 0 ? found.index + 1 : '?'}/${found.count}`;
  return (
    <div className="find-bar" role="search" onKeyDown={onKeyDown}>
      <input ref={input} aria-label="Find" placeholder="Find" value={text} spellCheck={false} onChange={(event) => onChange(event.target.value)} />
      <span className="find-count quiet" role="status">{count}</span>
      <Button label="Previous match" icon={ChevronUp} kind="bare" small iconOnly onPress={() => terminal.find(text, 'previous', false)} />
      <Button label="Next match" icon={ChevronDown} kind="bare" small iconOnly onPress={() => terminal.find(text, 'next', false)} />
      <Button label="Close find" icon={X} kind="bare" small iconOnly onPress={onClose} />
    </div>
  );
}
