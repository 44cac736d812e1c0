package org.drag4j.cli.doctor;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.BackendProvider;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Probe;

/** Devices whose drivers do what drivers should not; on the class path where a test puts it. */
public final class RudeProvider implements BackendProvider {
  @Override
  public String name() {
    return "rude";
  }

  @Override
  public List<Probe> probe() {
    return Stream.of("abort", "segv", "exit")
        .<Probe>map(what -> new Probe.Available("rude:" + what, "a driver without manners"))
        .toList();
  }

  @Override
  public Backend open(String device, DeviceOptions options) {
    switch (device) {
      case "rude:abort" -> {
        System.err.println("ld: not found");
        abort();
      }
      case "rude:segv" -> strlenOfNothing();
      default -> Runtime.getRuntime().halt(0);
    }
    throw new DeviceException("device " + device + ": expected the process to have ended");
  }

  private static void abort() {
    call("abort", FunctionDescriptor.ofVoid());
  }

  private static void strlenOfNothing() {
    call(
        "strlen",
        FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
        MemorySegment.NULL);
  }

  @SuppressWarnings("restricted")
  private static void call(String function, FunctionDescriptor type, Object... args) {
    var linker = Linker.nativeLinker();
    try {
      var _ =
          linker
              .downcallHandle(linker.defaultLookup().find(function).orElseThrow(), type)
              .invokeWithArguments(args);
    } catch (Throwable e) {
      throw new DeviceException(function + ": " + e);
    }
  }
}
