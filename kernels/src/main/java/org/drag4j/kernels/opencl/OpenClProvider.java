package org.drag4j.kernels.opencl;

import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import org.drag4j.cache.SourceDigest;
import org.drag4j.device.Backend;
import org.drag4j.device.BackendProvider;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Probe;

/** The devices that OpenCL drivers offer: GPUs of any vendor, processors through PoCL. */
public final class OpenClProvider implements BackendProvider {
  /** What products and attention are made of. */
  private static final List<String> SOURCES =
      List.of("attention.cl", "common.cl", "multiply.cl", "pad.cl", "product.cl", "winograd.cl");

  private static final List<Class<?>> KERNELS =
      List.of(AttentionCl.class, ConvolutionCl.class, ProductCl.class, WinogradCl.class);

  @Override
  public String name() {
    return DeviceList.KIND;
  }

  @Override
  public List<Probe> probe() {
    return DeviceList.get().probes();
  }

  @Override
  public SequencedMap<String, String> details(String device) {
    return find(device).details();
  }

  @Override
  public Optional<String> tuningKey(String device, DeviceOptions options) {
    var info = find(device);
    return Optional.of(
        String.join(
            "\n",
            device,
            info.compilerKey(),
            "compute units " + info.units(),
            "activations " + options.activations(),
            info.extensions().label(),
            "kernels " + SourceDigest.of(OpenClProvider.class, SOURCES, KERNELS)));
  }

  private static DeviceInfo find(String device) {
    return DeviceList.get().devices().stream()
        .filter(d -> d.name().equals(device))
        .findFirst()
        .orElseThrow(() ->
            new DeviceException(
                device + ": expected a device that drag4j devices lists, got none"));
  }

  /**
   * {@inheritDoc}
   *
   * @throws DeviceException where there is no such device, or an option is not for it
   */
  @Override
  public Backend open(String device, DeviceOptions options) {
    if (options.threads().isPresent()) {
      throw new DeviceException(
          device
              + ": --threads: expected none, since the driver decides; for PoCL set"
              + " POCL_MAX_PTHREAD_COUNT");
    }
    if (options.vectorBits().isPresent()) {
      throw new DeviceException(
          device + ": --cpu-vector: expected none, since the driver decides; leave it out");
    }
    return OpenClBackend.open(find(device), options.activations(), ProgramCache.ofUser());
  }
}
