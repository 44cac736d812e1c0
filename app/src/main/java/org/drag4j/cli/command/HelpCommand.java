package org.drag4j.cli.command;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** {@code drag4j help}: what the program, a command, or a command of a command says of itself. */
@Command(
    name = "help",
    description = "Show all commands, or the options of one: help edit, help model info.",
    mixinStandardHelpOptions = true)
public final class HelpCommand implements Runnable {
  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "COMMAND",
      arity = "0..*",
      description = "The command, in as many words as it has.")
  List<String> words = new ArrayList<>();

  @Override
  public void run() {
    var asked = spec.commandLine().getParent();
    for (var word : words) {
      CommandLine next = asked.getSubcommands().get(word);
      if (next == null) {
        throw new UnmatchedArgumentException(asked, List.of(word));
      }
      asked = next;
    }
    asked.usage(spec.commandLine().getOut());
  }
}
