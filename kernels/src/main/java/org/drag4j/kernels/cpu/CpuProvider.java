package org.drag4j.kernels.cpu;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import org.drag4j.device.Backend;
import org.drag4j.device.BackendProvider;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Probe;
import org.drag4j.tensor.DType;

/** The processor this JVM runs on; always there. */
public final class CpuProvider implements BackendProvider {
  static final String DEVICE = "cpu";

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

  /**
   * {@inheritDoc}
   *
   * @throws DeviceException where the number of threads, the vector width or the element type
   *     cannot be had
   */
  @Override
  public Backend open(String device, DeviceOptions options) {
    int threads = options.threads().orElse(Runtime.getRuntime().availableProcessors());
    if (threads < 1 || threads > 1024) {
      throw new DeviceException("cpu: --threads: expected 1 to 1024, got " + threads);
    }
    if (options.activations() != DType.F32) {
      throw new DeviceException(
          "device cpu: --dtype: expected f32, got "
              + options.activations().name().toLowerCase(Locale.ROOT)
              + ", which is not available; leave it out");
    }
    options.refuseProviders("device cpu");
    return new CpuBackend(threads, options.vectorBits().orElse(VectorWidth.ofThisProcessor()));
  }
}
