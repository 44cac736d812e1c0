package org.drag4j.tests.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.device.Probe;
import org.drag4j.kernels.cuda.ShimCuda;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.Assumptions;

/** A device of this machine, opened in one way. */
public record Target(String name, String device, DeviceOptions options) {
  private static final String SHIM = "cuda:shim";

  /**
   * Every device that probes as available; the CPU by the processor's vectors and without any,
   * OpenCL and CUDA with activations of both types. One process has vectors of one width, so the
   * system property {@code drag4j.test.cpuVector} asks for another, and then for nothing but the
   * CPU. The system property {@code drag4j.test.device} asks for one device and nothing else.
   */
  public static List<Target> all() {
    var targets = new ArrayList<Target>();
    var one = System.getProperty("drag4j.test.device", "");
    if (!one.isEmpty()) {
      targets.add(new Target(one, one, DeviceOptions.DEFAULT));
      if (!one.equals("cpu")) {
        targets.add(inHalf(one));
      }
      return targets;
    }
    for (var probe : Devices.probe()) {
      if (!(probe instanceof Probe.Available(var device, var _))) {
        continue;
      }
      if (!device.equals("cpu")) {
        if (vectorBits().isEmpty()) {
          targets.add(new Target(device, device, DeviceOptions.DEFAULT));
          if (device.startsWith("opencl:") || device.startsWith("cuda:")) {
            targets.add(inHalf(device));
          }
        }
        continue;
      }
      targets.add(cpu(2));
      if (vectorBits().isEmpty()) {
        targets.add(cpuWithoutVectors(2));
      }
    }
    return targets;
  }

  /** The CPU, in the vector width of this process. */
  public static Target cpu(int threads) {
    var bits = vectorBits();
    var name = bits.isPresent() ? "cpu " + bits.getAsInt() + "-bit" : "cpu";
    return new Target(name, "cpu", new DeviceOptions(OptionalInt.of(threads), bits));
  }

  /** The CPU by plain loops. */
  public static Target cpuWithoutVectors(int threads) {
    return new Target(
        "cpu 0-bit", "cpu", new DeviceOptions(OptionalInt.of(threads), OptionalInt.of(0)));
  }

  /** A device that stores in F16 what goes from one kernel to the next. */
  public static Target inHalf(String device) {
    return new Target(
        device + " f16",
        device,
        new DeviceOptions(OptionalInt.empty(), OptionalInt.empty(), DType.F16));
  }

  /**
   * Candidates that every plan is to take, by operation, as the system property {@code
   * drag4j.test.kernels} names them: {@code linear=mma,linear=fma}.
   */
  static Map<String, List<String>> kernels() {
    return Stream.of(System.getProperty("drag4j.test.kernels", "").split(",", -1))
        .filter(pair -> !pair.isEmpty())
        .map(pair -> pair.split("=", 2))
        .collect(
            Collectors.groupingBy(
                pair -> pair[0], Collectors.mapping(pair -> pair[1], Collectors.toList())));
  }

  /** CUDA's kernels on the CPU, with activations of both types. */
  static List<Target> shims() {
    return List.of(new Target(SHIM, SHIM, DeviceOptions.DEFAULT), inHalf(SHIM));
  }

  /** Whether this is CUDA without a GPU: slow, and to be opened anew for each thing tried. */
  boolean shim() {
    return device.equals(SHIM);
  }

  /**
   * The first OpenCL device that can be used; the test that asks is skipped where there is none.
   */
  public static String openCl() {
    var reasons = new ArrayList<String>();
    for (var probe : Devices.probe()) {
      if (!probe.device().startsWith("opencl")) {
        continue;
      }
      if (probe instanceof Probe.Available(var device, var _)) {
        return device;
      }
      reasons.add(probe.toString());
    }
    return Assumptions.abort("no OpenCL device: " + reasons);
  }

  /** Kind of device, as the support matrix names it. */
  public String kind() {
    return device.replaceFirst(":.*", "");
  }

  /** Whether what goes from one kernel to the next is stored in F16. */
  public boolean half() {
    return options.activations() == DType.F16;
  }

  private static OptionalInt vectorBits() {
    return Optional.ofNullable(System.getProperty("drag4j.test.cpuVector"))
        .filter(s -> !s.isEmpty())
        .map(s -> OptionalInt.of(Integer.parseInt(s)))
        .orElse(OptionalInt.empty());
  }

  public Backend open() {
    return shim() ? ShimCuda.open(options.activations()) : Devices.open(device, options);
  }

  @Override
  public String toString() {
    return name;
  }
}
