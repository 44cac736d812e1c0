package org.drag4j.cli.option;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.cli.console.ConsoleProgress.Mode;
import org.drag4j.cli.console.Host;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The flag that says what is shown of the work. */
public final class ProgressOption {
  @Option(
      names = "--progress",
      paramLabel = "auto|bar|lines|json|none",
      defaultValue = "auto",
      description =
          "What stderr shows of the work; lines also say every ten seconds what is left of a"
              + " phase, none shows warnings alone. Default: a bar on a terminal, else lines.")
  Mode progress = Mode.AUTO;

  /** Starts to follow the work. */
  public ConsoleProgress start(CommandSpec spec, Host host) {
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
}
