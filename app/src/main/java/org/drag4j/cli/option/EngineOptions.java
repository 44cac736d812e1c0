package org.drag4j.cli.option;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Tuned;
import org.drag4j.engine.Engine;
import org.drag4j.engine.Keeping;
import org.drag4j.engine.Setup;
import org.drag4j.study.KernelTable;
import org.drag4j.tensor.DType;
import org.drag4j.trace.TimingTrace;
import org.drag4j.trace.Trace;
import org.drag4j.tune.TunedFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The flags of everything that runs a network, but for the model. */
public final class EngineOptions {
  private static final int MAX_THREADS = 1024;

  /** What {@link Setup#prepare} depends on. */
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
      description = "Worker threads, four a processor at most. Default: one a processor.")
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
  public void check(CommandSpec spec) {
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
  public static boolean isUsual(Map<String, String> environment, String... args) {
    return PREPARED_BY.stream()
            .noneMatch(flag -> environment.containsKey(EnvironmentDefaults.variable(flag)))
        // A file of arguments may hold anything.
        && Arrays.stream(args)
            .noneMatch(
                arg -> arg.startsWith("@") || PREPARED_BY.stream().anyMatch(arg::startsWith));
  }

  /** What they say. */
  public Setup setup() {
    return new Setup(
        device,
        new DeviceOptions(boxed(threads), boxed(cpuVector), precision.dtype),
        exact,
        kernels.forced(),
        kernels.fusionsOff,
        this::tuned);
  }

  /** Starts an engine as they say. */
  public Engine start(Keeping keeping) {
    return Engine.start(setup(), keeping, trace());
  }

  /** Where choices of kernels are kept; empty where the user wants none. */
  public Optional<Path> tunedFolder() {
    if (tuned.equals(OFF)) {
      return Optional.empty();
    }
    return Optional.of(tuned.isEmpty() ? TunedFile.folderOfUser() : Path.of(tuned));
  }

  /** What was measured on the device; where that cannot be read, the user is told once. */
  public synchronized Tuned tuned() {
    if (measured == null) {
      var read = tunedFolder().flatMap(folder -> TunedFile.read(folder, setup()::tuningKey));
      read.flatMap(TunedFile.Read::trouble).ifPresent(line -> err.println("drag4j: " + line));
      err.flush();
      measured = read.map(TunedFile.Read::tuned).orElse(Tuned.NONE);
    }
    return measured;
  }

  private static OptionalInt boxed(Optional<Integer> value) {
    return value.isPresent() ? OptionalInt.of(value.get()) : OptionalInt.empty();
  }

  /** Whether the user asked for the time spent in each kernel. */
  public boolean traces() {
    return trace;
  }

  /** What sees every step: nothing, unless the user asked for it. */
  public Trace trace() {
    return trace ? timing : Trace.OFF;
  }

  /** Prints what the trace saw, where the user asked for it. */
  public void printTrace(CommandSpec spec) {
    if (trace) {
      var to = spec.commandLine().getErr();
      KernelTable.lines(timing, tuned()).forEach(to::println);
      to.flush();
    }
  }
}
