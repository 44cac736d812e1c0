package org.drag4j.kernels.opencl;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/**
 * What is known of a device.
 *
 * @param name by which it is asked for: {@code opencl:0}
 * @param cpu whether it is a processor
 * @param sharesMemory whether host and device have the same memory
 * @param correctDivision whether division and square root round correctly when asked to
 * @param extensions those that kernels use
 */
record DeviceInfo(
    String name,
    cl_platform_id platformId,
    cl_device_id id,
    String platform,
    String platformVersion,
    String model,
    String version,
    String driver,
    long memory,
    long largestBuffer,
    long localMemory,
    int units,
    boolean cpu,
    boolean sharesMemory,
    boolean available,
    boolean correctDivision,
    Extensions extensions) {

  @SuppressWarnings("deprecation") // nothing newer tells whether memory is shared
  static DeviceInfo of(String name, cl_platform_id platform, cl_device_id id) {
    long type = number(id, CL.CL_DEVICE_TYPE);
    long single = number(id, CL.CL_DEVICE_SINGLE_FP_CONFIG);
    boolean available =
        number(id, CL.CL_DEVICE_AVAILABLE) != 0 && number(id, CL.CL_DEVICE_COMPILER_AVAILABLE) != 0;
    var names = new HashSet<>(List.of(text(id, CL.CL_DEVICE_EXTENSIONS).split("\\s+", -1)));
    var extensions =
        available ? Extensions.of(names, new ProbeCompiler(platform, id)) : Extensions.NONE;
    return new DeviceInfo(
        name,
        platform,
        id,
        text(platform, CL.CL_PLATFORM_NAME),
        text(platform, CL.CL_PLATFORM_VERSION),
        text(id, CL.CL_DEVICE_NAME),
        text(id, CL.CL_DEVICE_VERSION),
        text(id, CL.CL_DRIVER_VERSION),
        number(id, CL.CL_DEVICE_GLOBAL_MEM_SIZE),
        number(id, CL.CL_DEVICE_MAX_MEM_ALLOC_SIZE),
        number(id, CL.CL_DEVICE_LOCAL_MEM_SIZE),
        (int) number(id, CL.CL_DEVICE_MAX_COMPUTE_UNITS),
        (type & CL.CL_DEVICE_TYPE_CPU) != 0,
        number(id, CL.CL_DEVICE_HOST_UNIFIED_MEMORY) != 0,
        available,
        (single & CL.CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0,
        extensions);
  }

  /** Whether the device's OpenCL is at least 1.2; its version reads {@code OpenCL 1.2 vendor's}. */
  boolean recent() {
    var parts = version.split("[ .]", -1);
    try {
      int major = Integer.parseInt(parts[1]);
      int minor = Integer.parseInt(parts[2]);
      return major > 1 || (major == 1 && minor >= 2);
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      return false;
    }
  }

  /** The same device with another version of OpenCL. */
  DeviceInfo withVersion(String other) {
    return with(other, extensions);
  }

  /** The same device with other extensions. */
  DeviceInfo withExtensions(Extensions other) {
    return with(version, other);
  }

  private DeviceInfo with(String version, Extensions extensions) {
    return new DeviceInfo(
        name,
        platformId,
        id,
        platform,
        platformVersion,
        model,
        version,
        driver,
        memory,
        largestBuffer,
        localMemory,
        units,
        cpu,
        sharesMemory,
        available,
        correctDivision,
        extensions);
  }

  /** The kernels that suit it. */
  Variant variant() {
    return cpu ? Variant.PANEL : Variant.TILE;
  }

  /** One line for people. */
  String line() {
    return String.format(
        Locale.ROOT,
        "%s; %s, driver %s, %s; %d compute units, %.1f GB%s; %s kernels, %s",
        model,
        platform,
        driver,
        version.strip(),
        units,
        memory / 1e9,
        sharesMemory ? " shared with the host" : "",
        variant().label(),
        extensions.label());
  }

  /** What a driver's developers ask for. */
  SequencedMap<String, String> details() {
    var facts = new LinkedHashMap<String, String>();
    facts.put("name", model);
    facts.put("platform", platform + ", " + platformVersion);
    facts.put("driver", driver);
    facts.put("version", version.strip());
    facts.put(
        "memory",
        String.format(
            Locale.ROOT,
            "%d MB, largest buffer %d MB, local %d KB",
            memory >> 20,
            largestBuffer >> 20,
            localMemory >> 10));
    facts.put("extensions", text(id, CL.CL_DEVICE_EXTENSIONS));
    return facts;
  }

  /** Everything a compiled program depends on beside its source and options. */
  String compilerKey() {
    return String.join(
        "\n", platform, platformVersion, model, version, driver, cpu ? "cpu" : "other");
  }

  private static long number(cl_device_id id, int what) {
    // Numbers are of 4 or 8 bytes; what is not written stays 0, lowest byte first.
    var value = new long[1];
    CL.clGetDeviceInfo(id, what, Sizeof.cl_long, Pointer.to(value), null);
    return value[0];
  }

  private static String text(cl_device_id id, int what) {
    var size = new long[1];
    CL.clGetDeviceInfo(id, what, 0, null, size);
    var bytes = new byte[Math.toIntExact(size[0])];
    CL.clGetDeviceInfo(id, what, bytes.length, Pointer.to(bytes), null);
    return string(bytes);
  }

  private static String text(cl_platform_id id, int what) {
    var size = new long[1];
    CL.clGetPlatformInfo(id, what, 0, null, size);
    var bytes = new byte[Math.toIntExact(size[0])];
    CL.clGetPlatformInfo(id, what, bytes.length, Pointer.to(bytes), null);
    return string(bytes);
  }

  /** Without the final zero. */
  private static String string(byte[] bytes) {
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8).strip();
  }
}
