/** CodeMirror for definitions: XML in the theme's colours, and findings that stand under the line they are about. */
import { xml } from '@codemirror/lang-xml';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { Compartment, EditorState, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, WidgetType, keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { basicSetup } from 'codemirror';
import { type ReactElement, useEffect, useRef } from 'react';
import type { XmlFinding } from './xml-findings.ts';

export interface XmlEditorProps {
  readonly label: string;
  /** The text; while it is edited the editor owns it and tells by `onChange`. */
  readonly text: string;
  readonly readOnly: boolean;
  readonly onChange?: (text: string) => void;
  readonly onSave?: () => void;
  /** Why defining was refused, and in which line: the caret goes there. */
  readonly fault?: { readonly line: number; readonly message: string } | null;
  /** What is found while it is typed; the caret stays where it is. */
  readonly findings?: readonly XmlFinding[];
  /** A line that somebody asked to see; another object asks again. */
  readonly goTo?: { readonly line: number } | null;
}

const noFindings: readonly XmlFinding[] = [];

export function XmlEditor({ label, text, readOnly, onChange, onSave, fault = null, findings = noFindings, goTo = null }: XmlEditorProps): ReactElement {
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const handlers = useRef({ onChange, onSave });
  useEffect(() => {
    handlers.current = { onChange, onSave };
  });
  const initial = useRef({ text, label });

  useEffect(() => {
    const editor = new EditorView({
      parent: parent.current!,
      doc: initial.current.text,
      extensions: [
        keymap.of([{ key: 'Mod-s', run: () => (handlers.current.onSave?.(), true), preventDefault: true }]),
        basicSetup,
        xml(),
        syntaxHighlighting(colours),
        surface,
        faultField,
        access.of(accessOf(true)),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': initial.current.label }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !update.state.readOnly) handlers.current.onChange?.(update.state.doc.toString());
        }),
      ],
    });
    view.current = editor;
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, []);

  useEffect(() => {
    view.current?.dispatch({ effects: access.reconfigure(accessOf(readOnly)) });
    if (!readOnly) view.current?.focus();
  }, [readOnly]);

  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== text) editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
  }, [text]);

  useEffect(() => {
    if (view.current && fault) putCaret(view.current, fault.line);
  }, [fault]);
  useEffect(() => {
    if (view.current && goTo) putCaret(view.current, goTo.line);
  }, [goTo]);

  useEffect(() => {
    const refused: readonly XmlFinding[] = fault ? [{ kind: 'error', ...fault }] : [];
    view.current?.dispatch({ effects: setMarks.of([...refused, ...findings.filter(({ message }) => message !== fault?.message)]) });
  }, [fault, findings]);

  return <div ref={parent} className="xml-editor" />;
}

function putCaret(editor: EditorView, line: number): void {
  const at = lineAt(editor.state, line).from;
  editor.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
  editor.focus();
}

const access = new Compartment();

function accessOf(readOnly: boolean): ReturnType<typeof EditorState.readOnly.of> {
  return EditorState.readOnly.of(readOnly);
}

const setMarks = StateEffect.define<readonly XmlFinding[]>();

/** An edit to the document leaves the mark where it is until the next try. */
const faultField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = marks.map(transaction.changes);
    for (const effect of transaction.effects) if (effect.is(setMarks)) next = marksOf(transaction.state, effect.value);
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function lineAt(state: EditorState, line: number): ReturnType<EditorState['doc']['line']> {
  return state.doc.line(Math.min(Math.max(1, line), state.doc.lines));
}

function marksOf(state: EditorState, findings: readonly XmlFinding[]): DecorationSet {
  const ranges = findings.flatMap((finding) => {
    const line = lineAt(state, finding.line);
    return [
      Decoration.line({ class: `cm-fault-line ${finding.kind}` }).range(line.from),
      Decoration.widget({ widget: new FindingWidget(finding), block: true, side: 1 }).range(line.to),
    ];
  });
  return Decoration.set(ranges, true);
}

class FindingWidget extends WidgetType {
  readonly finding: XmlFinding;

  constructor(finding: XmlFinding) {
    super();
    this.finding = finding;
  }

  override eq(other: FindingWidget): boolean {
    return other.finding.message === this.finding.message && other.finding.kind === this.finding.kind;
  }

  toDOM(): HTMLElement {
    const element = document.createElement('div');
    element.className = `cm-fault ${this.finding.kind}`;
    element.setAttribute('role', this.finding.kind === 'error' ? 'alert' : 'note');
    element.textContent = this.finding.message;
    return element;
  }
}

const colours = HighlightStyle.define([
  { tag: [tags.tagName, tags.angleBracket], color: 'var(--code-tag)' },
  { tag: tags.attributeName, color: 'var(--code-name)' },
  { tag: tags.attributeValue, color: 'var(--code-value)' },
  { tag: [tags.comment, tags.processingInstruction], color: 'var(--code-comment)', fontStyle: 'italic' },
]);

const surface = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--surface)', color: 'var(--text)', fontSize: 'var(--font-size-mono)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '18px' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--text-3)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--hover)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--selected)' },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--surface-sunken)', color: 'var(--text-2)', border: '1px solid var(--line)' },
  '.cm-panels': { backgroundColor: 'var(--surface-side)', color: 'var(--text)' },
});
