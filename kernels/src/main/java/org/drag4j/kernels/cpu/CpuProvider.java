package org.drag4j.kernels.cpu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import org.drag4j.cache.SourceDigest;
import org.drag4j.device.Backend;
import org.drag4j.device.BackendProvider;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Probe;
import org.drag4j.tensor.DType;

/** The processor this JVM runs on; always there. */
public final class CpuProvider implements BackendProvider {
  static final String DEVICE = "cpu";

  /** Threads of a processor; more take memory each and only wait for one another. */
  private static final int MOST = 4;

  /** What convolutions are made of. */
  private static final List<Class<?>> KERNELS =
      List.of(
          Conv2dCpu.class, Conv2dWinograd.class, PanelProduct.class, Gemm.class, Winograd.class);

  @Override
  public String name() {
    return DEVICE;
  }

  @Override
  public List<Probe> probe() {
    int bits = VectorWidth.ofThisProcessor();
    return List.of(
        new Probe.Available(
            DEVICE,
            Runtime.getRuntime().availableProcessors()
                + " threads, "
                + (bits == 0
                    ? "no vectors (start with drag4j, not java)"
                    : bits + "-bit vectors")));
  }

  @Override
  public SequencedMap<String, String> details(String device) {
    var facts = new LinkedHashMap<String, String>();
    facts.put("threads", String.valueOf(Runtime.getRuntime().availableProcessors()));
    facts.put("vectors", VectorWidth.ofThisProcessor() + " bits");
    return facts;
  }

  @Override
  public Optional<String> tuningKey(String device, DeviceOptions options) {
    return Optional.of(
        String.join(
            "\n",
            DEVICE,
            model(),
            "Java " + System.getProperty("java.vm.version"),
            "threads " + threads(options),
            "vectors " + bits(options),
            "kernels " + SourceDigest.of(CpuProvider.class, List.of(), KERNELS)));
  }

  /** The processor's name, where the system tells, else its architecture. */
  private static String model() {
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .findFirst()
          .orElseGet(CpuProvider::architecture);
    } catch (IOException | UncheckedIOException _) {
      return architecture(); // not Linux
    }
  }

  private static String architecture() {
    return System.getProperty("os.arch", "");
  }

  /** As many as are asked for, but not so many that they only take turns. */
  private static int threads(DeviceOptions options) {
    int processors = Runtime.getRuntime().availableProcessors();
    return Math.min(options.threads().orElse(processors), MOST * processors);
  }

  private static int bits(DeviceOptions options) {
    return options.vectorBits().orElse(VectorWidth.ofThisProcessor());
  }

  /** {@inheritDoc} Has the just-in-time compiler go through the kernels. */
  @Override
  public void prepare(DeviceOptions options) {
    try {
      if (VectorWidth.fix(bits(options)) > 0) {
        SelfTest.warmUp(threads(options));
      }
    } catch (DeviceException _) {
      // Whoever opens the device is told.
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws DeviceException where the number of threads, the vector width or the element type
   *     cannot be had
   */
  @Override
  public Backend open(String device, DeviceOptions options) {
    int asked = options.threads().orElse(1);
    if (asked < 1 || asked > 1024) {
      throw new DeviceException("cpu: --threads: expected 1 to 1024, got " + asked);
    }
    if (options.activations() != DType.F32) {
      throw new DeviceException(
          "device cpu: --dtype: expected f32, got "
              + options.activations().name().toLowerCase(Locale.ROOT)
              + ", which is not available; leave it out");
    }
    int threads = threads(options);
    return new CpuBackend(threads, bits(options), asked > threads ? crowd(asked, threads) : "");
  }

  private static String crowd(int asked, int threads) {
    return "cpu: --threads: expected at most "
        + threads
        + ", "
        + MOST
        + " a processor, got "
        + asked
        + "; "
        + threads
        + " are used, and fewer would be faster";
  }
}
