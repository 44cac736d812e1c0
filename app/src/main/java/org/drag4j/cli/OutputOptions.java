package org.drag4j.cli;

import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.drag4j.cli.ConsoleProgress.Mode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/** The flags that say what is shown. */
final class OutputOptions {
  @Option(
      names = "--progress",
      paramLabel = "auto|bar|lines|json|none",
      defaultValue = "auto",
      description = "What stderr shows of the work. Default: a bar on a terminal, else lines.")
  Mode progress = Mode.AUTO;

  @Option(names = "--json", description = "Print the result as one JSON object on stdout.")
  boolean json;

  /** Starts to follow the work. */
  ConsoleProgress progress(CommandSpec spec, Host host) {
    var mode = progress;
    if (mode == Mode.AUTO) {
      mode = host.terminal() ? Mode.BAR : Mode.LINES;
    }
    return new ConsoleProgress(
        mode, spec.commandLine().getErr(), charset(), host.interrupted(), System::nanoTime);
  }

  private static Charset charset() {
    return Charset.forName(System.getProperty("stderr.encoding", ""), StandardCharsets.US_ASCII);
  }

  /** Prints the result: its JSON form if that is wanted, else the lines. */
  void print(CommandSpec spec, Map<String, ?> result, String... lines) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(new JsonMapper().writeValueAsString(result));
    } else {
      for (var line : lines) {
        out.println(line);
      }
    }
    out.flush();
  }
}
