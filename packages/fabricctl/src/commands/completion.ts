import type { Command } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import type { GlobalOptions } from '../cli/global-options.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** Each asks the hidden command `complete` for candidates; one per line, the text after a tab describes it. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  // The line is split at spaces, not by COMP_WORDS, which would break dir:/path at its colon.
  bash: `_fabricctl() {
  local line words
  read -ra words <<<"\${COMP_LINE:0:COMP_POINT}"
  if [[ "\${COMP_LINE:0:COMP_POINT}" == *[[:space:]] ]]; then words+=(""); fi
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("\${line%%$'\\t'*}"); done < <(
    fabricctl completion complete -- "\${words[@]:1}" 2>/dev/null
  )
}
complete -o default -F _fabricctl fabricctl
`,
  zsh: `#compdef fabricctl
_fabricctl() {
  local -a candidates
  candidates=("\${(@f)$(fabricctl completion complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=("\${(@)candidates//:/\\\\:}")
  candidates=("\${(@)candidates/$'\\t'/:}")
  if [[ -n "\${candidates[1]}" ]]; then _describe fabricctl candidates; else _files; fi
}
compdef _fabricctl fabricctl
`,
  fish: `function __fabricctl_complete
  set -l words (commandline -opc) (commandline -ct)
  fabricctl completion complete -- $words[2..-1] 2>/dev/null
end
complete -c fabricctl -a '(__fabricctl_complete)'
`,
};

const EXAMPLES = `
Examples:
  source <(fabricctl completion bash)                                       this shell, now
  fabricctl completion bash > /etc/bash_completion.d/fabricctl
  fabricctl completion zsh > "\${fpath[1]}/_fabricctl"
  fabricctl completion fish > ~/.config/fish/completions/fabricctl.fish

Completes commands, options, kinds, and the names of resources in the datastore.
`;

export function declareCompletion(parent: Command, session: CliSession): void {
  const completion = parent
    .command('completion')
    .helpCommand(false)
    .description('print the completion script of a shell');
  completion.addHelpText('after', EXAMPLES);
  for (const shell of SHELLS) {
    completion
      .command(shell)
      .description(`for ${shell}`)
      .action(session.action((): CommandResult => ({ data: SCRIPTS[shell], text: () => SCRIPTS[shell] })));
  }
  completion
    .command('complete', { hidden: true })
    .argument('[words...]', 'the words after `fabricctl`, the last one unfinished')
    .action(
      session.action(async (options: GlobalOptions, words: readonly string[]): Promise<CommandResult> => {
        const { completeWords } = await import('../completion/complete-words.ts');
        const candidates = await completeWords(words, options, session);
        return {
          data: candidates,
          text: () => candidates.map(({ word, about }) => `${word}${about === '' ? '' : `\t${about}`}\n`).join(''),
        };
      }),
    );
}
