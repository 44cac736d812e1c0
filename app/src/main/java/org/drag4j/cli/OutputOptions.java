package org.drag4j.cli;

import java.io.PrintWriter;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The flags that say what is shown. */
final class OutputOptions {
  @Mixin final ProgressOption shown = new ProgressOption();

  @Option(names = "--json", description = "Print the result as one JSON object on stdout.")
  boolean json;

  /** Starts to follow the work. */
  ConsoleProgress progress(CommandSpec spec, Host host) {
    return shown.start(spec, host);
  }

  /** Prints the result: its JSON form if that is wanted, else the lines. */
  void print(CommandSpec spec, Map<String, ?> result, String... lines) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(JsonText.of(result));
    } else {
      for (var line : lines) {
        out.println(line);
      }
    }
    out.flush();
  }
}
