package org.drag4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.device.NullBackend;
import org.drag4j.device.Probe;
import org.drag4j.edit.Pipeline;
import org.drag4j.method.CancelledException;
import org.drag4j.plan.PlanOptions;
import org.drag4j.report.DeviceCheck;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.weights.ModelException;
import org.drag4j.weights.ModelFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code drag4j doctor}: whether everything here works, in a form to be sent along. */
@Command(
    name = "doctor",
    description = {
      "Check every device and print what a report of a fault needs. Small cases of every operation"
          + " run on each device and are compared with plain loops.",
      "Exit code 4 if a device computes wrongly or cannot be opened, 3 if a model cannot be read."
    },
    mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {
  private static final double NANOS = 1e9;
  private static final double MAX_SECONDS = 3600;

  private final Host host;
  private final Opening opening;

  /** Opens a device by name. */
  @FunctionalInterface
  interface Opening {
    Backend open(String device, DeviceOptions options);
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

  @Mixin final OutputOptions show = new OutputOptions();

  DoctorCommand(Host host) {
    this(host, Devices::open);
  }

  DoctorCommand(Host host, Opening opening) {
    this.host = host;
    this.opening = opening;
  }

  /**
   * What was found of a device in one element type.
   *
   * @param failure why it could not be opened; empty where it was
   */
  record Checked(
      DType dtype,
      double seconds,
      List<DeviceCheck.Row> rows,
      List<String> warnings,
      String failure) {
    Checked {
      rows = List.copyOf(rows);
      warnings = List.copyOf(warnings);
    }

    boolean ok() {
      return failure.isEmpty() && rows.stream().allMatch(DeviceCheck.Row::ok);
    }
  }

  /** All of a device. */
  record Device(Probe probe, SequencedMap<String, String> details, List<Checked> checks) {
    Device {
      checks = List.copyOf(checks);
    }
  }

  @Override
  public Integer call() {
    if (!(seconds >= 0 && seconds <= MAX_SECONDS)) {
      throw new ParameterException(
          spec.commandLine(), "--seconds: expected 0 to " + (int) MAX_SECONDS + ", got " + seconds);
    }
    var problems = new ArrayList<String>();
    var facts = Machine.facts(host.environment());
    int code = ExitCode.OK;
    var models = models();
    for (var model : models.entrySet()) {
      if (model.getValue().startsWith("damaged")) {
        problems.add("model " + model.getKey() + ": " + model.getValue());
        code = ExitCode.MODEL;
      }
    }
    var devices = new ArrayList<Device>();
    try (var progress = show.progress(spec, host)) {
      for (var probe : Devices.probe()) {
        devices.add(device(probe, progress));
      }
      progress.finish();
    }
    var broken = problems(devices, Optional.ofNullable(host.environment().get("DRAG4J_DEVICE")));
    if (!broken.isEmpty()) {
      problems.addAll(broken);
      code = ExitCode.DEVICE;
    }
    var libraries = Machine.libraries();
    var out = spec.commandLine().getOut();
    if (show.json) {
      show.print(spec, plain(json(facts, models, devices, libraries, problems)));
    } else {
      lines(facts, models, devices, libraries, problems).forEach(l -> out.println(withoutHome(l)));
      out.flush();
    }
    return code;
  }

  private Device device(Probe probe, ConsoleProgress progress) {
    if (!(probe instanceof Probe.Available(var name, var _))) {
      return new Device(probe, new LinkedHashMap<>(), List.of());
    }
    SequencedMap<String, String> details;
    try {
      details = Devices.details(name);
    } catch (DeviceException e) {
      details = new LinkedHashMap<>(Map.of("details", ExitCode.message(e)));
    }
    var checks = new ArrayList<Checked>();
    checks.add(check(name, DType.F32, progress));
    // A device that knows one type alone refuses the other.
    if (checks.getFirst().failure().isEmpty()) {
      var half = check(name, DType.F16, progress);
      if (half.failure().isEmpty()) {
        checks.add(half);
      }
    }
    return new Device(probe, details, checks);
  }

  private Checked check(String name, DType dtype, ConsoleProgress progress) {
    var options = new DeviceOptions(OptionalInt.empty(), OptionalInt.empty(), dtype);
    long start = System.nanoTime();
    try (var backend = opening.open(name, options)) {
      progress.phase(name + " " + label(dtype), 1);
      var rows =
          DeviceCheck.run(backend, (long) (seconds * NANOS), System::nanoTime, progress::cancelled);
      double took = (System.nanoTime() - start) / NANOS;
      return new Checked(dtype, took, rows, backend.warnings(), "");
    } catch (CancelledException e) {
      throw e;
    } catch (RuntimeException | LinkageError e) {
      return new Checked(dtype, 0, List.of(), List.of(), ExitCode.message(e));
    }
  }

  /** What should work and does not, a line each. */
  static List<String> problems(List<Device> devices, Optional<String> wanted) {
    var problems = new ArrayList<String>();
    for (var device : devices) {
      for (var checked : device.checks()) {
        String at = device.probe().device() + " " + label(checked.dtype());
        if (!checked.failure().isEmpty()) {
          problems.add(at + ": cannot be opened: " + checked.failure());
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

  /** Where checkpoints that other programs fetched lie; --model takes one of its snapshots. */
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

  private static String label(DType dtype) {
    return dtype.name().toLowerCase(Locale.ROOT);
  }

  private static List<String> lines(
      SequencedMap<String, String> facts,
      SequencedMap<String, String> models,
      List<Device> devices,
      List<String> libraries,
      List<String> problems) {
    var lines = new ArrayList<String>();
    facts.forEach((name, value) -> lines.add(line(name, value)));
    models.forEach((name, value) -> lines.add(line("model", name + ": " + value)));
    for (var device : devices) {
      lines.addAll(DevicesCommand.lines(device.probe()));
      device.details().forEach((name, value) -> lines.add("  " + line(name, value)));
      for (var checked : device.checks()) {
        lines.add("  " + line("check " + label(checked.dtype()), summary(checked)));
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
      SequencedMap<String, String> models,
      List<Device> devices,
      List<String> libraries,
      List<String> problems) {
    var json = new LinkedHashMap<String, Object>();
    json.put("ok", problems.isEmpty());
    json.put("machine", facts);
    json.put("models", models);
    json.put("devices", devices.stream().map(DoctorCommand::json).toList());
    json.put("libraries", libraries);
    json.put("problems", problems);
    return json;
  }

  private static Map<String, Object> json(Device device) {
    var json = new LinkedHashMap<String, Object>(DevicesCommand.row(device.probe()));
    if (device.probe() instanceof Probe.Available) {
      json.put("details", device.details());
      json.put("checks", device.checks().stream().map(DoctorCommand::json).toList());
    }
    return json;
  }

  private static Map<String, Object> json(Checked checked) {
    var json = new LinkedHashMap<String, Object>();
    json.put("dtype", label(checked.dtype()));
    json.put("ok", checked.ok());
    json.put("seconds", Math.rint(checked.seconds() * 1000) / 1000);
    if (!checked.failure().isEmpty()) {
      json.put("failure", checked.failure());
    }
    json.put("warnings", checked.warnings());
    json.put(
        "cases",
        checked.rows().stream()
            .map(row -> {
              var fields = new LinkedHashMap<String, Object>();
              fields.put("name", row.name());
              fields.put("ok", row.ok());
              fields.put("runs", row.runs());
              fields.put("kernels", row.kernels());
              if (Double.isFinite(row.relL2())) {
                fields.put("relL2", row.relL2());
              }
              if (!row.ok()) {
                fields.put("failure", row.failure());
              }
              return fields;
            })
            .toList());
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
