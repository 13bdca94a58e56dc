/** The help of the command: the list of commands and the page of one, laid out as virsh's. */
import type { Command, CommandGroup } from './command.ts';
import type { OptionSpec } from './option-grammar.ts';

const groups: Readonly<Record<CommandGroup, string>> = {
  domain: 'Domain Management',
  monitor: 'Domain Monitoring',
  host: 'Host and Hypervisor',
  secret: 'Secret',
};

export function formatUsage(commands: readonly Command[]): readonly string[] {
  return [
    '',
    'vireo [options]... <command> [args...]',
    '',
    '  options:',
    '    -c | --connect=URI      the host that is asked: vireo+unix:///FOLDER, vireo+ssh://[user@]host[/FOLDER]',
    '    -e | --escape <char>    set escape sequence for console',
    '    -h | --help             this help',
    '    -q | --quiet            quiet mode',
    '    -v | --version          version of the command',
    '         --home <folder>    the state folder, whose host is asked',
    '         --json             results and errors as JSON, one document a line',
    '  commands:',
    '',
    ...formatGroups(commands),
    '  (specify help <group> for details about the commands in the group)',
    '',
    '  (specify help <command> for details about the command)',
  ];
}

export function formatHelp(commands: readonly Command[], topic: string | null): readonly string[] | null {
  if (topic === null) return ['Grouped commands:', '', ...formatGroups(commands)];
  const one = commands.find(({ name }) => name === topic);
  if (one) return formatCommandHelp(one);
  const group = commands.filter((command) => command.group === topic);
  return group.length > 0 ? formatGroups(group) : null;
}

function formatGroups(commands: readonly Command[]): readonly string[] {
  return Object.entries(groups).flatMap(([keyword, title]) => {
    const own = commands.filter((command) => command.group === keyword).toSorted((left, right) => (left.name < right.name ? -1 : 1));
    if (own.length === 0) return [];
    return [` ${title} (help keyword '${keyword}'):`, ...own.map(({ name, summary }) => `    ${name.padEnd(30)} ${summary}`), ''];
  });
}

export function formatCommandHelp(command: Command): readonly string[] {
  const options = Object.entries(command.options);
  const synopsis = [command.name, ...options.map(([name, spec]) => formatSynopsis(name, spec))].join(' ');
  const lines = ['  NAME', `    ${command.name} - ${command.summary}`, '', '  SYNOPSIS', `    ${synopsis}`, '', '  DESCRIPTION', `    ${command.description}`, ''];
  if (options.length === 0) return lines;
  return [...lines, '  OPTIONS', ...options.map(([name, spec]) => `    ${formatOption(name, spec).padEnd(15)}  ${spec.help}`), ''];
}

function formatSynopsis(name: string, spec: OptionSpec): string {
  if (spec.type === 'boolean') return `[--${name}]`;
  if (spec.type === 'strings') return spec.required ? `{[--${name}] <string>}...` : `[[--${name}] <string>]...`;
  return spec.required ? `<${name}>` : `[--${name} <${spec.type}>]`;
}

function formatOption(name: string, spec: OptionSpec): string {
  if (spec.type === 'boolean') return `--${name}`;
  const type = spec.type === 'number' ? 'number' : 'string';
  return spec.required ? `[--${name}] <${type}>` : `--${name} <${type}>`;
}
