package org.drag4j.cli.command;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.option.StudyOptions;
import org.drag4j.cli.option.UsageMessage;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceException;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Tuned;
import org.drag4j.engine.JsonText;
import org.drag4j.graph.Graph;
import org.drag4j.study.BenchTarget;
import org.drag4j.study.NetworkGraph;
import org.drag4j.tensor.WeightSource;
import org.drag4j.tune.TunedFile;
import org.drag4j.tune.Tuner;
import org.drag4j.weights.ModelFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code drag4j tune}: measures which kernels are fastest on a device, for later commands. */
@Command(
    name = "tune",
    description =
        "Time a device's kernels on the shapes of a model's networks, and keep which are fastest"
            + " for later commands on the same device with the same --threads and --dtype.",
    mixinStandardHelpOptions = true)
public final class TuneCommand implements Callable<Integer> {
  private static final int MAX_SECONDS = 86_400;
  private static final long NANOS = 1_000_000_000;

  private static final List<BenchTarget> NETWORKS =
      List.of(BenchTarget.UNET, BenchTarget.VAE_DECODE, BenchTarget.VAE_ENCODE, BenchTarget.TEXT);

  private final Host host;

  @Spec CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "180",
      description =
          "Stop then, whatever is left; what takes longest in the networks comes first. Default:"
              + " ${DEFAULT-VALUE}.")
  int seconds;

  @Mixin final StudyOptions options = new StudyOptions();

  /** Runs in this process. */
  public TuneCommand(Host host) {
    this.host = host;
  }

  @Override
  public Integer call() throws IOException {
    options.check(spec);
    UsageMessage.requireRange(spec, "--seconds", 1, MAX_SECONDS, seconds);
    var setup = options.run.engine.setup();
    if (setup.exact() || options.run.engine.traces() || !setup.fusionsOff().isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "tune: expected neither --exact nor --trace nor --no-fusion; what is measured, each"
              + " operation alone, holds for all of them");
    }
    var to =
        options
            .run
            .engine
            .tunedFolder()
            .orElseThrow(() ->
                new ParameterException(
                    spec.commandLine(), "--tuned: expected a folder to write to, got off"));
    var folder = ModelFolder.open(options.run.model.required().path());
    try (var progress = options.run.show.progress(spec, host);
        var backend = options.run.engine.setup().open()) {
      backend.warnings().forEach(progress::warn);
      var key =
          options
              .run
              .engine
              .setup()
              .tuningKey()
              .orElseThrow(() ->
                  new DeviceException(
                      "device "
                          + options.run.engine.setup().device()
                          + ": expected one with a choice between kernels, got none to measure;"
                          + " tune cpu or opencl:0"));
      var rows = measure(folder, backend, progress);
      var file = TunedFile.of(to, key);
      if (!rows.isEmpty()) {
        file.add(Tuner.tuned(rows));
      }
      progress.finish();
      print(rows, file);
    }
    return host.interrupted().getAsBoolean() ? ExitCode.INTERRUPTED : ExitCode.OK;
  }

  private List<Tuner.Row> measure(ModelFolder folder, Backend backend, ConsoleProgress progress) {
    progress.phase("load", 1);
    var networks = new ArrayList<NetworkGraph>();
    try {
      var graphs = new LinkedHashMap<Graph, WeightSource>();
      for (var target : NETWORKS) {
        var network = NetworkGraph.open(target, folder, options.size(), options.batch());
        networks.add(network);
        graphs.put(network.graph(), network.weights());
      }
      var tuner = new Tuner(backend, System::nanoTime, host.interrupted());
      var shapes =
          tuner.shapes(
              graphs, new KernelOptions(false, options.run.engine.setup().kernels(), Tuned.NONE));
      progress.phase("tune", shapes.size(), "shapes");
      return tuner.run(shapes, seconds * NANOS, (_, done, of) -> progress.step(done, of));
    } finally {
      networks.forEach(NetworkGraph::close);
    }
  }

  private void print(List<Tuner.Row> rows, TunedFile file) {
    var out = spec.commandLine().getOut();
    if (options.run.show.json()) {
      var json = new LinkedHashMap<String, Object>();
      json.put("device", options.run.engine.setup().device());
      json.put("file", file.file().toString());
      json.put("shapes", rows.stream().map(TuneCommand::json).toList());
      out.println(JsonText.of(json));
    } else {
      lines(rows).forEach(out::println);
      out.println(rows.isEmpty() ? "nothing was measured" : file.file().toString());
    }
    out.flush();
  }

  private static Map<String, Object> json(Tuner.Row row) {
    var json = new LinkedHashMap<String, Object>();
    json.put("shape", row.shape().key());
    json.put("calls", row.shape().calls());
    var times = new LinkedHashMap<String, Object>();
    for (var time : row.times()) {
      if (time.nanos() >= 0) {
        times.put(time.candidate(), time.nanos() / 1e6);
      }
    }
    json.put("ms", times);
    json.put("chosen", row.chosen());
    json.put("model", row.own());
    return json;
  }

  /** A Markdown table: a row a shape, the most time first. */
  static List<String> lines(List<Tuner.Row> rows) {
    var lines = new ArrayList<String>();
    lines.add("| shape | calls | ms of each | chosen | the cost model's |");
    lines.add("|---|--:|---|---|---|");
    for (var row : rows) {
      var times = new ArrayList<String>();
      for (var time : row.times()) {
        if (time.nanos() >= 0) {
          times.add(String.format(Locale.ROOT, "%s %.3f", time.candidate(), time.nanos() / 1e6));
        }
      }
      lines.add(
          String.format(
              Locale.ROOT,
              "| %s | %d | %s | %s | %s |",
              row.shape().key(),
              row.shape().calls(),
              String.join(", ", times),
              row.chosen(),
              row.chosen().equals(row.own()) ? "the same" : row.own()));
    }
    return lines;
  }
}
