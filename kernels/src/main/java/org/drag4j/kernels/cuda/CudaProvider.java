package org.drag4j.kernels.cuda;

import java.util.ArrayList;
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
import org.drag4j.kernels.cuda.driver.Cubins;
import org.drag4j.kernels.cuda.driver.CudaDriver;
import org.drag4j.kernels.cuda.driver.CudaDriver.Attribute;
import org.drag4j.kernels.cuda.driver.CudaLibraries;
import org.drag4j.kernels.cuda.driver.CudaLibrary;
import org.drag4j.kernels.cuda.driver.JCudaBinding;
import org.drag4j.kernels.cuda.driver.LibraryProbe;
import org.drag4j.kernels.cuda.driver.Nvrtc;
import org.drag4j.kernels.cuda.driver.ProgramCache;

/** NVIDIA's GPUs, {@code cuda:0} and up. */
public final class CudaProvider implements BackendProvider {
  static final String NAME = "cuda";

  private static final List<CudaLibrary> TOOLS = List.of(CudaLibrary.NVRTC, CudaLibrary.NVTX);

  /** What products and attention are made of. */
  private static final List<String> SOURCES =
      List.of(
          "attention.cu",
          "conv2d.cu",
          "epilogue.cuh",
          "gemm.cu",
          "matmul.cuh",
          "prim.cuh",
          "softmax.cu");

  private static final List<Class<?>> KERNELS =
      List.of(
          AttentionCuda.class,
          Conv2dCuda.class,
          CudaCandidates.class,
          LibraryKernel.class,
          LinearCuda.class);

  private final CudaLibraries libraries;
  private final Opening opening;

  /** Starts a driver. */
  interface Opening {
    CudaDriver open(LibraryProbe.Loaded library);
  }

  /** The devices of this machine. */
  public CudaProvider() {
    this(CudaLibraries.ofThisMachine(), JCudaBinding::open);
  }

  CudaProvider(CudaLibraries libraries, Opening opening) {
    this.libraries = libraries;
    this.opening = opening;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public List<Probe> probe() {
    return switch (libraries.find(CudaLibrary.DRIVER)) {
      case LibraryProbe.Missing(var library, var reason) ->
          List.of(new Probe.Unavailable(NAME, reason, library.hint()));
      case LibraryProbe.Loaded library -> {
        try {
          yield probe(opening.open(library), library);
        } catch (DeviceException e) {
          yield List.of(
              new Probe.Unavailable(NAME, String.valueOf(e.getMessage()), "nvidia-smi tells more"));
        }
      }
    };
  }

  private List<Probe> probe(CudaDriver driver, LibraryProbe.Loaded library) {
    int count = driver.deviceCount();
    if (count == 0) {
      return List.of(
          new Probe.Unavailable(NAME, library.line() + " has no device", "nvidia-smi tells more"));
    }
    var probes = new ArrayList<Probe>();
    for (int device = 0; device < count; device++) {
      probes.add(new Probe.Available(NAME + ":" + device, info(driver, device, library)));
    }
    return probes;
  }

  /** The device, then a line for every library: its version and path, or why it is missing. */
  private String info(CudaDriver driver, int device, LibraryProbe.Loaded library) {
    var text = new ArrayList<String>();
    text.add(driver.deviceName(device));
    text.add(
        String.format(
            Locale.ROOT,
            "compute %d.%d",
            driver.attribute(device, Attribute.COMPUTE_CAPABILITY_MAJOR),
            driver.attribute(device, Attribute.COMPUTE_CAPABILITY_MINOR)));
    text.add((driver.totalBytes(device) >> 20) + " MB");
    text.add(library.line());
    var lines = new ArrayList<>(List.of(String.join(", ", text)));
    lines.addAll(Libraries.lines(libraries));
    TOOLS.forEach(other -> lines.add(libraries.find(other).line()));
    return String.join("\n", lines);
  }

  @Override
  public SequencedMap<String, String> details(String device) {
    var facts = new LinkedHashMap<String, String>();
    if (libraries.find(CudaLibrary.DRIVER) instanceof LibraryProbe.Loaded library) {
      var driver = opening.open(library);
      int ordinal = ordinal(device).orElse(0);
      facts.put("name", driver.deviceName(ordinal));
      facts.put("memory", (driver.totalBytes(ordinal) >> 20) + " MB");
    }
    for (var library : CudaLibrary.values()) {
      facts.put(library.label(), said(libraries.find(library)));
    }
    return facts;
  }

  @Override
  public Optional<String> tuningKey(String device, DeviceOptions options) {
    if (!(libraries.find(CudaLibrary.DRIVER) instanceof LibraryProbe.Loaded library)) {
      return Optional.empty();
    }
    var driver = opening.open(library);
    var lines = new ArrayList<String>();
    lines.add(device);
    lines.add(driver.deviceName(ordinal(device).orElse(0)));
    lines.add(library.line());
    lines.addAll(Libraries.lines(libraries));
    lines.add("activations " + options.activations());
    lines.add("kernels " + SourceDigest.of(CudaProvider.class, SOURCES, KERNELS));
    return Optional.of(String.join("\n", lines));
  }

  private static String said(LibraryProbe probe) {
    return switch (probe) {
      case LibraryProbe.Loaded library -> library.version() + ", " + library.path();
      case LibraryProbe.Missing(var _, var reason) -> "missing: " + reason;
    };
  }

  @Override
  public Backend open(String device, DeviceOptions options) {
    var driver = opening.open(libraries.require(CudaLibrary.DRIVER));
    int count = driver.deviceCount();
    int ordinal =
        ordinal(device)
            .filter(n -> n < count)
            .orElseThrow(() ->
                new DeviceException(
                    "device "
                        + device
                        + ": expected "
                        + NAME
                        + ":0 to "
                        + NAME
                        + ":"
                        + (count - 1)
                        + "; see drag4j devices"));
    var programs =
        CudaPrograms.of(
            driver,
            ordinal,
            Cubins.ofClassPath(),
            () -> Nvrtc.open(libraries.require(CudaLibrary.NVRTC)),
            ProgramCache.ofUser());
    return CudaBackend.open(
        driver, ordinal, options.activations(), programs, Libraries.of(libraries, driver));
  }

  private static Optional<Integer> ordinal(String device) {
    var prefix = NAME + ":";
    var number = device.startsWith(prefix) ? device.substring(prefix.length()) : "";
    return number.matches("0|[1-9][0-9]{0,3}")
        ? Optional.of(Integer.parseInt(number))
        : Optional.empty();
  }
}
