package org.drag4j.kernels.opencl;

import java.util.ArrayList;
import java.util.List;
import org.drag4j.device.Probe;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/**
 * The OpenCL devices of this machine, looked for once: after a failure to load the native library,
 * JOCL's classes cannot be used any more.
 *
 * @param devices all that were found, usable or not
 * @param trouble what is wrong with the machine as a whole; empty where nothing is
 */
record DeviceList(List<DeviceInfo> devices, List<Probe.Unavailable> trouble) {

  /** Name of what is not there. */
  static final String KIND = "opencl";

  private static final String INSTALL =
      "install your GPU's OpenCL driver, or PoCL for processors (Debian: pocl-opencl-icd)";

  private static final class Holder {
    private static final DeviceList LIST = find();
  }

  static DeviceList get() {
    return Holder.LIST;
  }

  private static DeviceList find() {
    try {
      CL.setExceptionsEnabled(true);
    } catch (LinkageError e) {
      return none(noLibrary(e), "install an OpenCL loader (Debian: ocl-icd-libopencl1)");
    }
    var platforms = new ArrayList<cl_platform_id>();
    try {
      var count = new int[1];
      CL.clGetPlatformIDs(0, null, count);
      var ids = new cl_platform_id[count[0]];
      if (ids.length > 0) {
        CL.clGetPlatformIDs(ids.length, ids, null);
      }
      platforms.addAll(List.of(ids));
    } catch (CLException e) {
      return none("the OpenCL loader knows of no driver (" + e.getMessage() + ")", INSTALL);
    } catch (LinkageError e) {
      return none(noLibrary(e), "install an OpenCL loader (Debian: ocl-icd-libopencl1)");
    }
    var devices = new ArrayList<DeviceInfo>();
    var trouble = new ArrayList<Probe.Unavailable>();
    for (var platform : platforms) {
      try {
        for (var id : devices(platform)) {
          devices.add(DeviceInfo.of(KIND + ":" + devices.size(), platform, id));
        }
      } catch (CLException e) {
        trouble.add(
            new Probe.Unavailable(
                KIND, "a platform does not tell its devices: " + e.getMessage(), INSTALL));
      }
    }
    if (devices.isEmpty() && trouble.isEmpty()) {
      return none("the drivers found have no device", INSTALL);
    }
    return new DeviceList(List.copyOf(devices), List.copyOf(trouble));
  }

  private static List<cl_device_id> devices(cl_platform_id platform) {
    var count = new int[1];
    try {
      CL.clGetDeviceIDs(platform, CL.CL_DEVICE_TYPE_ALL, 0, null, count);
    } catch (CLException e) {
      if (e.getStatus() == CL.CL_DEVICE_NOT_FOUND) {
        return List.of();
      }
      throw e;
    }
    var ids = new cl_device_id[count[0]];
    CL.clGetDeviceIDs(platform, CL.CL_DEVICE_TYPE_ALL, ids.length, ids, null);
    return List.of(ids);
  }

  private static DeviceList none(String reason, String hint) {
    return new DeviceList(List.of(), List.of(new Probe.Unavailable(KIND, reason, hint)));
  }

  private static String noLibrary(LinkageError e) {
    var first = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    return "no OpenCL loader (libOpenCL) here: " + first;
  }

  /** What can be said of every device. */
  List<Probe> probes() {
    var all = new ArrayList<Probe>();
    for (var d : devices) {
      all.add(probe(d));
    }
    all.addAll(trouble);
    return all;
  }

  static Probe probe(DeviceInfo d) {
    if (!d.recent()) {
      return new Probe.Unavailable(
          d.name(),
          d.model() + ": expected OpenCL 1.2 or later, got " + d.version(),
          "update its driver");
    }
    if (!d.available()) {
      return new Probe.Unavailable(
          d.name(),
          d.model() + ": its driver says that it, or its compiler, is not available",
          "close what else uses it, or update its driver");
    }
    return new Probe.Available(d.name(), d.line());
  }
}
