package org.drag4j.device;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.ServiceLoader;

/** The devices of this machine. */
public final class Devices {
  private Devices() {}

  /** Probes of all devices of every backend on the class path. */
  public static List<Probe> probe() {
    var all = new ArrayList<Probe>();
    for (var provider : ServiceLoader.load(BackendProvider.class)) {
      all.addAll(provider.probe());
    }
    return all;
  }

  /**
   * Kinds of devices with a backend on the class path: {@code cpu}, {@code opencl}. No driver is
   * asked.
   */
  public static List<String> kinds() {
    return ServiceLoader.load(BackendProvider.class).stream()
        .map(provider -> provider.get().name())
        .toList();
  }

  /** Probes of the devices of one kind; empty where no backend is of that kind. */
  public static List<Probe> probe(String kind) {
    for (var provider : ServiceLoader.load(BackendProvider.class)) {
      if (provider.name().equals(kind)) {
        return provider.probe();
      }
    }
    return List.of();
  }

  /**
   * The {@link BackendProvider#details} of an available device; empty for any other one.
   *
   * @throws DeviceException where the driver fails
   */
  public static SequencedMap<String, String> details(String device) {
    for (var provider : ServiceLoader.load(BackendProvider.class)) {
      for (var probe : provider.probe()) {
        if (probe instanceof Probe.Available(var name, var _) && name.equals(device)) {
          return provider.details(name);
        }
      }
    }
    return new LinkedHashMap<>();
  }

  /**
   * The {@link BackendProvider#tuningKey} of an available device; empty for any other one, and on a
   * device without a choice of kernels.
   *
   * @param device as {@link #open} takes it
   */
  public static Optional<String> tuningKey(String device, DeviceOptions options) {
    for (var provider : ServiceLoader.load(BackendProvider.class)) {
      if (!isOf(provider, device)) {
        continue;
      }
      for (var probe : provider.probe()) {
        if (means(device, probe) && probe instanceof Probe.Available(var name, var _)) {
          return provider.tuningKey(name, options);
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Announces that a device is about to be opened, see {@link BackendProvider#prepare}.
   *
   * @param device as {@link #open} takes it
   */
  public static void prepare(String device, DeviceOptions options) {
    for (var provider : ServiceLoader.load(BackendProvider.class)) {
      if (isOf(provider, device)) {
        provider.prepare(options);
      }
    }
  }

  /**
   * Opens a device by name: {@code cpu}, {@code opencl:0}. The name of a kind alone, {@code cuda},
   * means its first device.
   *
   * @throws DeviceException where there is none of that name, or it is not available, or this Java
   *     {@linkplain PinnedArrays can corrupt arrays}
   */
  public static Backend open(String device, DeviceOptions options) {
    PinnedArrays.require();
    var known = new ArrayList<String>();
    for (var provider : ServiceLoader.load(BackendProvider.class)) {
      for (var probe : provider.probe()) {
        if (!means(device, probe)) {
          known.add(probe.device());
          continue;
        }
        return switch (probe) {
          case Probe.Available(var name, var _) -> provider.open(name, options);
          case Probe.Unavailable(var name, var reason, var hint) ->
              throw new DeviceException(
                  "device " + name + ": expected it to be available, got: " + reason + "; " + hint);
        };
      }
    }
    throw new DeviceException(
        "device "
            + device
            + ": expected one of "
            + String.join(", ", known)
            + ", got another name; see drag4j devices");
  }

  private static boolean isOf(BackendProvider provider, String device) {
    return device.equals(provider.name()) || device.startsWith(provider.name() + ":");
  }

  /** A kind that has no devices at all is probed under its own name. */
  private static boolean means(String device, Probe probe) {
    return switch (probe) {
      case Probe.Available(var name, var _) -> name.equals(device) || name.equals(device + ":0");
      case Probe.Unavailable(var name, var _, var _) ->
          name.equals(device) || name.equals(device + ":0") || device.startsWith(name + ":");
    };
  }
}
