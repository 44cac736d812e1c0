package org.drag4j.cli;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Probe;
import org.drag4j.device.Tuned;
import org.drag4j.edit.Pipeline;
import org.drag4j.method.Progress;
import org.drag4j.plan.PlanOptions;
import org.drag4j.report.KernelTable;
import org.drag4j.tensor.DType;
import org.drag4j.trace.TimingTrace;
import org.drag4j.trace.Trace;
import org.drag4j.tune.TunedFile;
import org.drag4j.weights.ModelFolder;
import org.drag4j.weights.ModelNotFoundException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The flags of everything that runs a network, but for the model. */
final class EngineOptions {
  private static final int MAX_THREADS = 1024;

  /** What {@link #prepare} depends on. */
  private static final Set<String> PREPARED_BY = Set.of("--device", "--threads", "--cpu-vector");

  private static final Set<Integer> VECTORS = Set.of(0, 128, 256, 512);

  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = "cpu",
      description = "Where to run; see drag4j devices. Default: ${DEFAULT-VALUE}.")
  String device = "cpu";

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Worker threads. Default: one a processor.")
  Optional<Integer> threads = Optional.empty();

  /** Element types activations can be kept in. */
  enum Precision {
    F32(DType.F32),
    F16(DType.F16);

    private final DType dtype;

    Precision(DType dtype) {
      this.dtype = dtype;
    }
  }

  @Option(
      names = "--dtype",
      paramLabel = "f32|f16",
      defaultValue = "f32",
      description =
          "Element type in which what goes from one kernel to the next is stored. Default:"
              + " ${DEFAULT-VALUE}.")
  Precision precision = Precision.F32;

  @Mixin final KernelFlags kernels = new KernelFlags();

  @Option(names = "--exact", description = "Use no kernel that is marked approximate.")
  boolean exact;

  @Option(
      names = "--tuned",
      paramLabel = "DIR|off",
      description =
          "Where drag4j tune keeps which kernels are fastest on a device, or off to take no notice."
              + " Default: a folder in drag4j's cache.")
  String tuned = "";

  @Option(
      names = "--cpu-vector",
      paramLabel = "0|128|256|512",
      description = "Bits of a vector on the CPU. Default: the processor's.")
  Optional<Integer> cpuVector = Optional.empty();

  @Option(
      names = "--trace",
      description = "When done, print the time spent in each kernel to stderr.")
  boolean trace;

  private static final String OFF = "off";

  private final TimingTrace timing = new TimingTrace();
  private PrintWriter err = new PrintWriter(Writer.nullWriter(), true);
  private @Nullable Tuned measured;

  /** Checks the values, before any work. */
  void check(CommandSpec spec) {
    err = spec.commandLine().getErr();
    kernels.check(spec);
    threads.ifPresent(value -> UsageMessage.requireRange(spec, "--threads", 1, MAX_THREADS, value));
    if (cpuVector.isPresent() && !VECTORS.contains(cpuVector.get())) {
      throw new ParameterException(
          spec.commandLine(), "--cpu-vector: expected 0, 128, 256 or 512, got " + cpuVector.get());
    }
  }

  /**
   * Whether the device is the usual one, prepared in the usual way, as far as can be told before
   * arguments are read.
   */
  static boolean isUsual(Map<String, String> environment, String... args) {
    return PREPARED_BY.stream().noneMatch(flag -> environment.containsKey(Drag4j.variable(flag)))
        // A file of arguments may hold anything.
        && Arrays.stream(args)
            .noneMatch(
                arg -> arg.startsWith("@") || PREPARED_BY.stream().anyMatch(arg::startsWith));
  }

  /** Tells that the device will be opened, and soon. */
  void prepare() {
    Devices.prepare(device, deviceOptions());
  }

  /** Opens the chosen device. */
  Backend openDevice() {
    var backend = Devices.open(device, deviceOptions());
    try {
      backend.check(kernelOptions());
      return backend;
    } catch (RuntimeException | Error e) {
      backend.close();
      throw e;
    }
  }

  /** What the user says about the choice of kernels. */
  KernelOptions kernelOptions() {
    return new KernelOptions(exact, kernels.forced(), tuned());
  }

  private DeviceOptions deviceOptions() {
    return new DeviceOptions(boxed(threads), boxed(cpuVector), precision.dtype);
  }

  /** Where choices of kernels are kept; empty where the user wants none. */
  Optional<Path> tunedFolder() {
    if (tuned.equals(OFF)) {
      return Optional.empty();
    }
    return Optional.of(tuned.isEmpty() ? TunedFile.folderOfUser() : Path.of(tuned));
  }

  /** What the chosen device's kernels depend on; empty where it has no choice between them. */
  Optional<String> tuningKey() {
    return Devices.tuningKey(device, deviceOptions());
  }

  /** What was measured on the device; where that cannot be read, the user is told once. */
  Tuned tuned() {
    if (measured == null) {
      var read = tunedFolder().flatMap(folder -> TunedFile.read(folder, this::tuningKey));
      read.flatMap(TunedFile.Read::trouble).ifPresent(line -> err.println("drag4j: " + line));
      err.flush();
      measured = read.map(TunedFile.Read::tuned).orElse(Tuned.NONE);
    }
    return measured;
  }

  private static OptionalInt boxed(Optional<Integer> value) {
    return value.isPresent() ? OptionalInt.of(value.get()) : OptionalInt.empty();
  }

  /** All that the last bits of a result depend on beside model and document. */
  String identity() {
    var probes =
        Devices.probe(device.replaceFirst(":.*", "")).stream().map(Probe::toString).toList();
    return String.join(
        "\n",
        Metadata.version(),
        BuildCommit.find(),
        System.getProperty("java.vm.version"),
        device,
        String.join("\n", probes),
        precision.toString(),
        kernels.forced().toString(),
        new TreeSet<>(kernels.fusionsOff).toString(),
        "exact " + exact,
        "tuned " + new TreeMap<>(tuned().rankings()),
        "threads " + threads,
        "vectors " + cpuVector);
  }

  /** How plans are compiled. */
  PlanOptions planOptions() {
    return new PlanOptions(kernelOptions(), kernels.fusionsOff);
  }

  /** What sees every step: nothing, unless the user asked for it. */
  Trace trace() {
    return trace ? timing : Trace.OFF;
  }

  /** Prints what the trace saw, where the user asked for it. */
  void printTrace(CommandSpec spec) {
    if (trace) {
      var to = spec.commandLine().getErr();
      KernelTable.lines(timing, tuned()).forEach(to::println);
      to.flush();
    }
  }

  /** What is done with an open model. */
  @FunctionalInterface
  interface Work<T> {
    T with(Pipeline pipeline);
  }

  /** Opens model and device, does one piece of work, and closes both. */
  <T> T run(Path model, Progress progress, Work<T> work) {
    return run(model, Pipeline.Residency.RELEASE, progress, work);
  }

  /** The same with the weights kept or not between the parts of the work. */
  <T> T run(Path model, Pipeline.Residency residency, Progress progress, Work<T> work) {
    progress.phase("load", 1);
    var folder = ModelFolder.open(model);
    try (var backend = openDevice();
        var pipeline = Pipeline.open(folder, backend, planOptions(), residency)) {
      pipeline.trace(trace());
      progress.advance(1, 1);
      T result = work.with(pipeline);
      backend.warnings().forEach(progress::warn);
      return result;
    }
  }

  /** The model, where one must be named. */
  static Path required(Optional<Path> model) {
    return model.orElseThrow(() ->
        new ModelNotFoundException(
            "model: expected a folder in the diffusers layout, got none; name one with --model or"
                + " DRAG4J_MODEL"));
  }
}
