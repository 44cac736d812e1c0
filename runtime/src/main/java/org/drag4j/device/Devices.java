package org.drag4j.device;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;

/** The devices of this machine. */
public final class Devices {
  private Devices() {}

  /** What every backend on the class path says of its devices. */
  public static List<Probe> probe() {
    var all = new ArrayList<Probe>();
    for (var provider : ServiceLoader.load(BackendProvider.class)) {
      all.addAll(provider.probe());
    }
    return all;
  }

  /**
   * Opens a device by name: {@code cpu}, {@code opencl:0}.
   *
   * @throws DeviceException where there is none of that name, or it is not available
   */
  public static Backend open(String device, DeviceOptions options) {
    var known = new ArrayList<String>();
    for (var provider : ServiceLoader.load(BackendProvider.class)) {
      for (var probe : provider.probe()) {
        if (!probe.device().equals(device)) {
          known.add(probe.device());
          continue;
        }
        return switch (probe) {
          case Probe.Available _ -> provider.open(device, options);
          case Probe.Unavailable(var name, var reason, var hint) ->
              throw new DeviceException(
                  "device " + name + ": unavailable: " + reason + "; " + hint);
        };
      }
    }
    throw new DeviceException(
        "device " + device + ": expected one of " + known + "; see drag4j devices");
  }
}
