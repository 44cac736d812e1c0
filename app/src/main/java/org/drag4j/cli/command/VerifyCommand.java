package org.drag4j.cli.command;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.option.EngineOptions;
import org.drag4j.cli.option.ProgressOption;
import org.drag4j.engine.JsonText;
import org.drag4j.verify.Parity;
import org.drag4j.verify.ParityException;
import org.drag4j.verify.ParityOptions;
import org.drag4j.verify.ParityReport;
import org.drag4j.verify.ParityRow;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drag4j verify}: this engine against recordings of the reference implementations. */
@Command(
    name = "verify",
    description = "Compare every tensor of a folder of recordings with what this engine computes.",
    mixinStandardHelpOptions = true)
public final class VerifyCommand implements Callable<Integer> {
  private final Host host;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "DIR",
      description = "A folder with model, and beside it what was recorded with that model.")
  Path folder = Path.of("");

  @Option(names = "--json", description = "Print one JSON array of all tensors.")
  boolean json;

  @Mixin final ProgressOption show = new ProgressOption();
  @Mixin final EngineOptions engine = new EngineOptions();

  /** Runs in this process. */
  public VerifyCommand(Host host) {
    this.host = host;
  }

  @Override
  public Integer call() {
    engine.check(spec);
    var out = spec.commandLine().getOut();
    var err = spec.commandLine().getErr();
    var rows = json ? new JsonRows(out) : new Lines(out);
    try (rows;
        var progress = show.start(spec, host);
        var backend = engine.setup().open()) {
      backend.warnings().forEach(progress::warn);
      var report =
          Parity.run(
              folder,
              backend,
              engine.setup().planOptions(),
              ParityOptions.DEFAULT.withTrace(engine.trace()).withProgress(progress),
              row -> {
                progress.aside();
                rows.print(row);
              });
      progress.finish();
      report.skipped().forEach(s -> err.println("skipped: " + s));
      (json ? err : out).println(total(report));
      err.flush();
      engine.printTrace(spec);
      return report.ok() ? ExitCode.OK : ExitCode.FAILURE;
    } catch (ParityException e) {
      err.println("drag4j: " + ExitCode.message(new IllegalArgumentException(e.getMessage(), e)));
      err.flush();
      return ExitCode.FAILURE;
    }
  }

  private static String total(ParityReport report) {
    return "%d compared, %d failed, %d skipped"
        .formatted(report.compared(), report.failed(), report.skipped().size());
  }

  /** Where rows are printed as they come. */
  private sealed interface Rows extends AutoCloseable {
    void print(ParityRow row);

    @Override
    void close();
  }

  private static final class Lines implements Rows {
    private final PrintWriter out;

    Lines(PrintWriter out) {
      this.out = out;
    }

    @Override
    public void print(ParityRow row) {
      out.printf(
          Locale.ROOT,
          "%-56s %-18s rel L2 %-8s max %-8s allowed %-8s %s%s%n",
          row.name(),
          row.shape(),
          number(row.relL2()),
          number(row.maxAbs()),
          number(row.allowed()),
          row.ok() ? "ok" : "FAIL",
          row.note().isEmpty() ? "" : "  (" + row.note() + ")");
      out.flush();
    }

    @Override
    public void close() {}

    private static String number(double x) {
      return Double.isNaN(x) ? "-" : x == 0 ? "0" : String.format(Locale.ROOT, "%.2e", x);
    }
  }

  /** One array, whole even where the work is cut short. */
  private static final class JsonRows implements Rows {
    private final PrintWriter out;
    private boolean any;

    JsonRows(PrintWriter out) {
      this.out = out;
      out.print("[");
    }

    @Override
    public void print(ParityRow row) {
      var fields = new LinkedHashMap<String, @Nullable Object>();
      fields.put("name", row.name());
      fields.put("shape", row.shape().dims());
      fields.put("relL2", finite(row.relL2()));
      fields.put("maxAbs", finite(row.maxAbs()));
      fields.put("allowed", finite(row.allowed()));
      fields.put("ok", row.ok());
      out.print(any ? ",\n " : "\n ");
      out.print(JsonText.of(fields));
      any = true;
    }

    private static @Nullable Double finite(double x) {
      return Double.isFinite(x) ? x : null;
    }

    @Override
    public void close() {
      out.println(any ? "\n]" : "]");
      out.flush();
    }
  }
}
