package org.drag4j.cli.option;

import java.io.PrintWriter;
import java.util.Map;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.cli.console.Host;
import org.drag4j.engine.JsonText;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The flags that say what is shown. */
public final class OutputOptions {
  @Mixin final ProgressOption shown = new ProgressOption();

  @Option(names = "--json", description = "Print the result as one JSON object on stdout.")
  boolean json;

  /** Whether the result is printed as JSON. */
  public boolean json() {
    return json;
  }

  /** Starts to follow the work. */
  public ConsoleProgress progress(CommandSpec spec, Host host) {
    return shown.start(spec, host);
  }

  /** Prints the result: its JSON form if that is wanted, else the lines. */
  public void print(CommandSpec spec, Map<String, ?> result, String... lines) {
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
