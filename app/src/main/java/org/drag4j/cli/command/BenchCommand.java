package org.drag4j.cli.command;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.LongStream;
import org.drag4j.cli.console.BuildCommit;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.option.OverwriteOption;
import org.drag4j.cli.option.StudyOptions;
import org.drag4j.cli.option.UsageMessage;
import org.drag4j.device.Backend;
import org.drag4j.engine.JsonText;
import org.drag4j.pipeline.CancelledException;
import org.drag4j.study.BenchReport;
import org.drag4j.study.BenchTarget;
import org.drag4j.study.BenchTimes;
import org.drag4j.study.KernelTable;
import org.drag4j.study.PeakMemory;
import org.drag4j.study.Workload;
import org.drag4j.trace.TimingTrace;
import org.drag4j.trace.Trace;
import org.drag4j.weights.ModelFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drag4j bench}: times a network or a whole edit. */
@Command(
    name = "bench",
    description = "Time a network, or a whole edit, on inputs drawn from a fixed seed.",
    mixinStandardHelpOptions = true)
public final class BenchCommand implements Callable<Integer> {
  private static final int MAX_RUNS = 10_000;

  private final Host host;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "unet|vae-encode|vae-decode|edit|text",
      description =
          "What to time. Of an edit, --batch is 1 or 10: the inversion one by one or at once.")
  BenchTarget what = BenchTarget.UNET;

  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "5",
      description = "Timed runs. Default: ${DEFAULT-VALUE}.")
  int runs;

  @Option(
      names = "--warmup",
      paramLabel = "N",
      defaultValue = "2",
      description = "Runs before the timed ones. Default: ${DEFAULT-VALUE}.")
  int warmup;

  @Option(
      names = "--serve",
      description =
          "After the warm-up, run once for every line on stdin and answer with its milliseconds, so"
              + " that another program can take turns. --runs does not count.")
  boolean serve;

  @Option(
      names = "--save",
      paramLabel = "FILE.safetensors",
      description = "Write inputs and outputs of the network, in PyTorch's layouts.")
  Optional<Path> save = Optional.empty();

  @Mixin final StudyOptions options = new StudyOptions();
  @Mixin final OverwriteOption overwrite = new OverwriteOption();

  /** Runs in this process. */
  public BenchCommand(Host host) {
    this.host = host;
  }

  @Override
  public Integer call() throws IOException {
    options.check(spec);
    UsageMessage.requireRange(spec, "--runs", 1, MAX_RUNS, runs);
    UsageMessage.requireRange(spec, "--warmup", 0, MAX_RUNS, warmup);
    if (save.isPresent()) {
      if (what == BenchTarget.EDIT) {
        throw new ParameterException(
            spec.commandLine(), "--save: expected a network, got edit; it has no one output");
      }
      overwrite.file(spec, "--save", save.get()).check();
    }
    var folder = ModelFolder.open(options.run.model.required().path());
    try (var progress = options.run.show.progress(spec, host);
        var backend = options.run.engine.setup().open();
        var workload = open(folder, backend, progress)) {
      backend.warnings().forEach(progress::warn);
      var _ = run(workload, "warm-up", warmup, progress);
      var times = serve ? serve(workload, progress) : run(workload, "run", runs, progress);
      var peak = PeakMemory.bytes();
      if (peak.isEmpty()) {
        note("peak memory: not known on this system, reported as -1");
      }
      if (save.isPresent()) {
        if (times.isEmpty() && warmup == 0) {
          timed(workload);
        }
        // What has appeared meanwhile is no less the user's.
        overwrite.file(spec, "--save", save.get()).check();
        workload.save(save.get());
      }
      if (times.isPresent()) {
        print(report(workload, times.get(), peak.orElse(-1)), workload);
      }
    }
    return ExitCode.OK;
  }

  private long timed(Workload workload) {
    if (host.interrupted().getAsBoolean()) {
      throw new CancelledException();
    }
    long start = System.nanoTime();
    workload.run(Trace.OFF);
    return System.nanoTime() - start;
  }

  private Workload open(ModelFolder folder, Backend backend, ConsoleProgress progress) {
    progress.phase("load", 1);
    return Workload.open(
        what,
        folder,
        backend,
        options.run.engine.setup().planOptions(),
        options.size(),
        options.batch());
  }

  /** No times where {@code count} is 0. */
  private Optional<BenchTimes> run(
      Workload workload, String phase, int count, ConsoleProgress progress) {
    if (count == 0) {
      return Optional.empty();
    }
    progress.phase(phase, count);
    var nanos = new long[count];
    for (int i = 0; i < count; i++) {
      nanos[i] = timed(workload);
      progress.step(i + 1, count);
    }
    progress.finish();
    return Optional.of(BenchTimes.ofNanos(nanos));
  }

  /** A run a line, until the lines end; no times where there was none. */
  private Optional<BenchTimes> serve(Workload workload, ConsoleProgress progress)
      throws IOException {
    var out = spec.commandLine().getOut();
    var nanos = LongStream.builder();
    int served = 0;
    progress.finish();
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    while (in.readLine() != null) {
      long one = timed(workload);
      nanos.add(one);
      served++;
      out.println(String.format(Locale.ROOT, "%.3f", one / 1e6));
      out.flush();
    }
    return served == 0
        ? Optional.empty()
        : Optional.of(BenchTimes.ofNanos(nanos.build().toArray()));
  }

  private BenchReport report(Workload workload, BenchTimes times, long peak) {
    var setup = options.run.engine.setup();
    return new BenchReport(
        what,
        setup.device(),
        setup.options().threads().orElse(Runtime.getRuntime().availableProcessors()),
        options.size(),
        options.batch(),
        workload.dtype(),
        setup.exact(),
        options.run.engine.tuned().rankings().size(),
        times,
        peak,
        BuildCommit.find());
  }

  private void print(BenchReport report, Workload workload) {
    var out = spec.commandLine().getOut();
    var trace = new TimingTrace();
    if (options.run.engine.traces() || !(options.run.show.json() || serve)) {
      // Of one more run: its own time would be distorted by taking its kernels'.
      workload.run(trace);
    }
    var kernels = KernelTable.lines(trace, options.run.engine.tuned());
    if (options.run.show.json()) {
      var json = report.json();
      if (options.run.engine.traces()) {
        json.put("kernels", KernelTable.json(trace));
      }
      out.println(JsonText.of(json));
    } else if (!serve) {
      report.markdown().forEach(out::println);
      out.println();
      kernels.forEach(out::println);
    }
    out.flush();
    if (options.run.engine.traces() && (options.run.show.json() || serve)) {
      kernels.forEach(spec.commandLine().getErr()::println);
      spec.commandLine().getErr().flush();
    }
  }

  private void note(String message) {
    spec.commandLine().getErr().println("drag4j: " + message);
    spec.commandLine().getErr().flush();
  }
}
