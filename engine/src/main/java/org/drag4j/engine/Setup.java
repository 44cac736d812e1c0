package org.drag4j.engine;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Probe;
import org.drag4j.device.Tuned;
import org.drag4j.plan.PlanOptions;

/**
 * Where an engine works, and by which kernels.
 *
 * @param device as {@link Devices#open} names it
 * @param exact whether kernels that are marked approximate are left out
 * @param kernels forced candidates by operation, in the order in which they are tried
 * @param fusionsOff names of fusions that are not applied
 * @param tuned gives the device's measurements when plans are compiled
 */
public record Setup(
    String device,
    DeviceOptions options,
    boolean exact,
    Map<String, List<String>> kernels,
    Set<String> fusionsOff,
    Supplier<Tuned> tuned) {
  public Setup {
    kernels = Map.copyOf(kernels);
    fusionsOff = Set.copyOf(fusionsOff);
  }

  /** A device opened as usual, its kernels chosen by its own cost model. */
  public static Setup of(String device) {
    return new Setup(device, DeviceOptions.DEFAULT, false, Map.of(), Set.of(), () -> Tuned.NONE);
  }

  /** Announces that the device will be opened soon. */
  public void prepare() {
    Devices.prepare(device, options);
  }

  /**
   * Opens the device.
   *
   * @throws org.drag4j.device.DeviceException where the device is missing, cannot be opened with
   *     these options, or lacks a forced kernel
   */
  public Backend open() {
    var backend = Devices.open(device, options);
    try {
      backend.check(kernelOptions());
      return backend;
    } catch (RuntimeException | Error e) {
      backend.close();
      throw e;
    }
  }

  /** The device's tuning key, as {@link Devices#tuningKey} gives it. */
  public Optional<String> tuningKey() {
    return Devices.tuningKey(device, options);
  }

  /** How plans are compiled. */
  public PlanOptions planOptions() {
    return new PlanOptions(kernelOptions(), fusionsOff);
  }

  /** The user's constraints on the choice of kernels. */
  public KernelOptions kernelOptions() {
    return new KernelOptions(exact, kernels, tuned.get());
  }

  /**
   * Everything but model and document that the last bits of a result depend on.
   *
   * @param build identifies this build of the program: its commit
   */
  public String identity(String build) {
    var probes =
        Devices.probe(device.replaceFirst(":.*", "")).stream().map(Probe::toString).toList();
    return String.join(
        "\n",
        Metadata.version(),
        build,
        System.getProperty("java.vm.version"),
        device,
        String.join("\n", probes),
        options.activations().toString(),
        new TreeMap<>(kernels).toString(),
        new TreeSet<>(fusionsOff).toString(),
        "exact " + exact,
        "tuned " + new TreeMap<>(tuned.get().rankings()),
        "threads " + options.threads(),
        "vectors " + options.vectorBits());
  }

  /** What the user chose of all that results depend on. */
  String choices() {
    return facts() + " " + new TreeMap<>(kernels) + " " + new TreeSet<>(fusionsOff);
  }

  /** Facts of the setup that a result carries, by name. */
  Map<String, Object> facts() {
    var facts = new LinkedHashMap<String, Object>();
    facts.put("device", device);
    facts.put("dtype", options.activations().name().toLowerCase(Locale.ROOT));
    facts.put("exact", exact);
    put(facts, "threads", options.threads());
    put(facts, "cpuVector", options.vectorBits());
    return facts;
  }

  private static void put(Map<String, Object> facts, String name, OptionalInt value) {
    if (value.isPresent()) {
      facts.put(name, value.getAsInt());
    }
  }
}
