package org.drag4j.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.drag4j.cli.console.AppHome;
import org.drag4j.cli.console.ChildProcess;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.doctor.DeviceFindings.Checked;
import org.drag4j.cli.option.OutputOptions;
import org.drag4j.cli.option.UsageMessage;
import org.drag4j.device.Devices;
import org.drag4j.device.NullBackend;
import org.drag4j.device.Probe;
import org.drag4j.pipeline.CancelledException;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.plan.PlanOptions;
import org.drag4j.study.DeviceCheck;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.weights.ModelException;
import org.drag4j.weights.ModelFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code drag4j doctor}: whether everything here works, in a form to be sent along. */
@Command(
    name = "doctor",
    description = {
      "Check every device and print what a report of a fault needs. Small cases of every operation"
          + " run on each device, in a process of its own, and are compared with plain loops.",
      "Exit code 4 if a device computes wrongly or cannot be opened, 3 if a model cannot be read."
    },
    mixinStandardHelpOptions = true)
public final class DoctorCommand implements Callable<Integer> {
  private static final int MAX_SECONDS = 3600;

  private final Host host;
  private final Asking asking;

  /** Has a {@link DoctorChild} work. */
  @FunctionalInterface
  interface Asking {
    /**
     * Hands its lines on as they come and returns what became of it, empty where it ended well.
     *
     * @throws CancelledException where {@code cancelled} says so
     */
    String ask(
        List<String> args, Duration limit, BooleanSupplier cancelled, Consumer<String> lines);
  }

  @Spec CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "2",
      description =
          "How long to check each device; every case runs once at least. Default:"
              + " ${DEFAULT-VALUE}.")
  double seconds;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "300",
      description =
          "Seconds after which a device that has still not answered counts as hanging, those of"
              + " --seconds not counted. Default: ${DEFAULT-VALUE}.")
  double limit;

  @Mixin final OutputOptions show = new OutputOptions();

  /** Runs in this process. */
  public DoctorCommand(Host host) {
    this(
        host,
        (args, limit, cancelled, lines) ->
            ChildProcess.run(
                ChildProcess.java(DoctorChild.class, args),
                limit,
                cancelled,
                DoctorChild.MARK,
                lines));
  }

  DoctorCommand(Host host, Asking asking) {
    this.host = host;
    this.asking = asking;
  }

  @Override
  public Integer call() {
    UsageMessage.requireRange(spec, "--seconds", 0, MAX_SECONDS, seconds);
    UsageMessage.requireRange(spec, "--limit", 1, MAX_SECONDS, limit);
    var problems = new ArrayList<String>();
    var facts = Machine.facts(host.environment());
    var warnings = Machine.warnings();
    int code = ExitCode.OK;
    var models = models();
    for (var model : models.entrySet()) {
      if (model.getValue().startsWith("damaged")) {
        problems.add("model " + model.getKey() + ": " + model.getValue());
        code = ExitCode.MODEL;
      }
    }
    var devices = new ArrayList<DeviceFindings>();
    var libraries = new TreeSet<String>();
    try (var progress = show.progress(spec, host)) {
      for (var kind : Devices.kinds()) {
        for (var found : probe(kind, progress, libraries)) {
          devices.add(check(found, progress, libraries));
        }
      }
      progress.finish();
    }
    var broken = problems(devices, Optional.ofNullable(host.environment().get("DRAG4J_DEVICE")));
    if (!broken.isEmpty()) {
      problems.addAll(broken);
      code = ExitCode.DEVICE;
    }
    var out = spec.commandLine().getOut();
    if (show.json()) {
      show.print(spec, plain(json(facts, warnings, models, devices, libraries, problems)));
    } else {
      lines(facts, warnings, models, devices, libraries, problems)
          .forEach(l -> out.println(withoutHome(l)));
      out.flush();
    }
    return code;
  }

  private List<DeviceFindings> probe(
      String kind, ConsoleProgress progress, Collection<String> libraries) {
    var said = new Said(_ -> {});
    var failure =
        said.failure(
            asking.ask(
                List.of(DoctorChild.PROBE, kind), limit(0), progress::cancelled, said::hear));
    libraries.addAll(said.libraries());
    return failure.isEmpty()
        ? said.probed()
        : List.of(
            new DeviceFindings(
                new Probe.Unavailable(kind, "its driver fails when asked for devices", ""),
                new LinkedHashMap<>(),
                List.of(),
                "asked for its devices: " + failure));
  }

  private DeviceFindings check(
      DeviceFindings found, ConsoleProgress progress, Collection<String> libraries) {
    if (!(found.probe() instanceof Probe.Available(var name, var _))) {
      return found;
    }
    var said = new Said(dtype -> progress.phase(name + " " + DeviceFindings.label(dtype), 1));
    var failure =
        said.failure(
            asking.ask(
                List.of(DoctorChild.CHECK, name, Double.toString(seconds)),
                limit(2 * seconds),
                progress::cancelled,
                said::hear));
    libraries.addAll(said.libraries());
    return said.checked(found.probe(), failure);
  }

  private Duration limit(double more) {
    return Duration.ofMillis((long) ((limit + more) * 1000));
  }

  /** What a child has said so far, on whatever thread. */
  private static final class Said {
    private final Consumer<DType> starts;
    private final JsonMapper mapper = new JsonMapper();
    private final List<Probe> probes = new ArrayList<>();
    private final SequencedMap<String, String> details = new LinkedHashMap<>();
    private final List<Checked> checks = new ArrayList<>();
    private final List<String> libraries = new ArrayList<>();
    private Optional<DType> running = Optional.empty();
    private String operation = "";
    private boolean over;

    Said(Consumer<DType> starts) {
      this.starts = starts;
    }

    synchronized void hear(String line) {
      mapper
          .readTree(line)
          .properties()
          .forEach(said -> {
            var value = said.getValue();
            switch (said.getKey()) {
              case "probes" -> value.valueStream().map(DeviceFindings::probe).forEach(probes::add);
              case "details" ->
                  value.properties().forEach(e -> details.put(e.getKey(), e.getValue().asString()));
              case "dtype" -> {
                var dtype = DType.valueOf(value.asString().toUpperCase(Locale.ROOT));
                running = Optional.of(dtype);
                operation = "";
                starts.accept(dtype);
              }
              case "case" -> operation = value.asString();
              case "check" -> {
                checks.add(Checked.of(value));
                running = Optional.empty();
              }
              case "libraries" -> libraries.addAll(DeviceFindings.texts(value));
              case "over" -> over = true;
              default -> throw new IllegalStateException("doctor: unknown answer " + line);
            }
          });
    }

    /** What went wrong with a child of which that is known. */
    synchronized String failure(String known) {
      return known.isEmpty() && !over
          ? "expected an answer, got an end in the middle of it"
          : known;
    }

    synchronized List<String> libraries() {
      return List.copyOf(libraries);
    }

    synchronized List<DeviceFindings> probed() {
      return probes.stream()
          .map(p -> new DeviceFindings(p, new LinkedHashMap<>(), List.of(), ""))
          .toList();
    }

    /** All of a device whose child ended so. */
    synchronized DeviceFindings checked(Probe probe, String failure) {
      var all = new ArrayList<>(checks);
      String outside = "";
      if (!failure.isEmpty() && running.isPresent()) {
        var at = operation.isEmpty() ? failure : operation + ": " + failure;
        all.add(new Checked(running.get(), 0, List.of(), List.of(), at));
      } else if (!failure.isEmpty()) {
        outside = (over ? "when all was done: " : "between its checks: ") + failure;
      }
      return new DeviceFindings(probe, new LinkedHashMap<>(details), all, outside);
    }
  }

  /** What should work and does not, a line each. */
  static List<String> problems(List<DeviceFindings> devices, Optional<String> wanted) {
    var problems = new ArrayList<String>();
    for (var device : devices) {
      if (!device.failure().isEmpty()) {
        problems.add(device.probe().device() + ": " + device.failure());
      }
      for (var checked : device.checks()) {
        String at = device.probe().device() + " " + DeviceFindings.label(checked.dtype());
        if (!checked.failure().isEmpty()) {
          problems.add(at + ": cannot be checked: " + checked.failure());
        }
        for (var row : checked.rows()) {
          if (!row.ok()) {
            problems.add(at + ": " + row.name() + ": " + row.failure());
          }
        }
      }
    }
    boolean there =
        devices.stream()
            .filter(d -> d.probe() instanceof Probe.Available)
            .map(d -> d.probe().device())
            .anyMatch(name ->
                wanted.isEmpty() || name.equals(wanted.get()) || name.equals(wanted.get() + ":0"));
    if (!there) {
      problems.add("DRAG4J_DEVICE: expected a device that is ready, got " + wanted.orElse("none"));
    }
    return problems;
  }

  /** The models this program would find, and whether they can be read. */
  private SequencedMap<String, String> models() {
    var models = new LinkedHashMap<String, String>();
    String demo;
    try {
      demo = state(AppHome.find().demoModel());
    } catch (IOException e) {
      demo = "not found: " + ExitCode.message(e);
    }
    models.put("demo", demo);
    models.put(
        "DRAG4J_MODEL",
        Optional.ofNullable(host.environment().get("DRAG4J_MODEL"))
            .filter(path -> !path.isBlank())
            .map(path -> state(Path.of(path)))
            .orElse("not set"));
    models.put("Hugging Face's cache", hub(host.environment()));
    return models;
  }

  private static String state(Path folder) {
    try (var _ = Pipeline.open(ModelFolder.open(folder), new NullBackend(), PlanOptions.DEFAULT)) {
      return "can be opened, " + folder;
    } catch (ModelException | WeightMismatchException e) {
      return "damaged or missing: " + ExitCode.message(e);
    }
  }

  /** Where checkpoints that other programs fetched lie; --model takes each folder of it. */
  private static String hub(Map<String, String> environment) {
    var home = Path.of(System.getProperty("user.home", ""));
    var own = environment.getOrDefault("HF_HUB_CACHE", "");
    var base = environment.getOrDefault("HF_HOME", "");
    var folder =
        !own.isEmpty()
            ? Path.of(own)
            : (base.isEmpty() ? home.resolve(".cache/huggingface") : Path.of(base)).resolve("hub");
    if (!Files.isDirectory(folder)) {
      return "none at " + folder;
    }
    try (Stream<Path> entries = Files.list(folder)) {
      long count =
          entries.filter(p -> String.valueOf(p.getFileName()).startsWith("models--")).count();
      return count + " models at " + folder;
    } catch (IOException e) {
      return folder + " cannot be read: " + ExitCode.message(e);
    }
  }

  private static List<String> lines(
      SequencedMap<String, String> facts,
      List<String> warnings,
      SequencedMap<String, String> models,
      List<DeviceFindings> devices,
      Collection<String> libraries,
      List<String> problems) {
    var lines = new ArrayList<String>();
    facts.forEach((name, value) -> lines.add(line(name, value)));
    warnings.forEach(w -> lines.add(line("warning", w)));
    models.forEach((name, value) -> lines.add(line("model", name + ": " + value)));
    for (var device : devices) {
      lines.addAll(DevicesCommand.lines(device.probe()));
      device.details().forEach((name, value) -> lines.add("  " + line(name, value)));
      for (var checked : device.checks()) {
        lines.add("  " + line("check " + DeviceFindings.label(checked.dtype()), summary(checked)));
        checked.warnings().forEach(w -> lines.add("  " + line("warning", w)));
      }
    }
    libraries.forEach(path -> lines.add(line("library", path)));
    if (problems.isEmpty()) {
      lines.add(line("result", "everything that is here works"));
    } else {
      problems.forEach(p -> lines.add(line("PROBLEM", p)));
    }
    return lines;
  }

  private static String line(String name, String value) {
    return String.format(Locale.ROOT, "%-11s %s", name, value);
  }

  static String summary(Checked checked) {
    if (!checked.failure().isEmpty()) {
      return checked.failure();
    }
    int runs = checked.rows().stream().mapToInt(DeviceCheck.Row::runs).sum();
    long right = checked.rows().stream().filter(DeviceCheck.Row::ok).count();
    double worst =
        checked.rows().stream()
            .mapToDouble(DeviceCheck.Row::relL2)
            .filter(Double::isFinite)
            .max()
            .orElse(Double.NaN);
    return String.format(
        Locale.ROOT,
        "%d of %d cases right, %d runs in %.1f s, largest error %.1e",
        right,
        checked.rows().size(),
        runs,
        checked.seconds(),
        worst);
  }

  private static Map<String, Object> json(
      SequencedMap<String, String> facts,
      List<String> warnings,
      SequencedMap<String, String> models,
      List<DeviceFindings> devices,
      Collection<String> libraries,
      List<String> problems) {
    var json = new LinkedHashMap<String, Object>();
    json.put("ok", problems.isEmpty());
    json.put("machine", facts);
    json.put("warnings", warnings);
    json.put("models", models);
    json.put("devices", devices.stream().map(DeviceFindings::json).toList());
    json.put("libraries", List.copyOf(libraries));
    json.put("problems", problems);
    return json;
  }

  /** The same with the user's folder left out of every text. */
  private static Map<String, Object> plain(Map<?, ?> json) {
    var plain = new LinkedHashMap<String, Object>();
    json.forEach((name, value) -> plain.put(String.valueOf(name), plain(value)));
    return plain;
  }

  private static Object plain(Object value) {
    return switch (value) {
      case Map<?, ?> map -> plain(map);
      case List<?> list -> list.stream().map(DoctorCommand::plain).toList();
      case String text -> withoutHome(text);
      default -> value;
    };
  }

  /** The user's folder is nobody else's business. */
  static String withoutHome(String text) {
    return withoutHome(text, System.getProperty("user.home", ""));
  }

  static String withoutHome(String text, String home) {
    return home.length() < 2
        ? text
        : text.replaceAll("(?<![\\w/.-])" + Pattern.quote(home) + "(?![\\w.-])", "~");
  }
}
