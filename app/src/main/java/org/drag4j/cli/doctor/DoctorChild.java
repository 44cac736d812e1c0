package org.drag4j.cli.doctor;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.doctor.DeviceFindings.Checked;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.study.DeviceCheck;
import org.drag4j.tensor.DType;
import tools.jackson.databind.json.JsonMapper;

/**
 * The part of {@code doctor} that talks to drivers. It runs in a process of its own, which a driver
 * that aborts or hangs takes along, and says what it does and finds in JSON objects, a line each.
 */
final class DoctorChild {
  /** What a line begins with that is ours: drivers print as well. */
  static final String MARK = "drag4j-doctor ";

  /** First argument: ask a kind of device, named by the second, what there is of it. */
  static final String PROBE = "probe";

  /** First argument: check a device, named by the second, for as many seconds as the third says. */
  static final String CHECK = "check";

  private static final double NANOS = 1e9;

  private final Opening opening;
  private final Consumer<String> lines;
  private final JsonMapper mapper = new JsonMapper();

  /** Opens a device by name. */
  @FunctionalInterface
  interface Opening {
    Backend open(String device, DeviceOptions options);
  }

  /** Hands its lines, marks left out, to {@code lines}. */
  DoctorChild(Opening opening, Consumer<String> lines) {
    this.opening = opening;
    this.lines = lines;
  }

  /** Answers what the arguments ask and ends the process. */
  public static void main(String[] args) {
    Thread.ofPlatform().daemon().start(DoctorChild::endWithParent);
    var out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    // A driver may have left a line half done.
    new DoctorChild(Devices::open, line -> out.print("\n" + MARK + line + "\n")).run(List.of(args));
    System.exit(ExitCode.OK);
  }

  /** A parent that is gone has closed its end of our stdin; a driver that hangs would stay. */
  private static void endWithParent() {
    try {
      while (System.in.read() >= 0) {
        // Nothing is sent.
      }
    } catch (IOException e) {
      // As good as an end.
    }
    Runtime.getRuntime().halt(ExitCode.FAILURE);
  }

  /** Answers what the arguments ask. */
  void run(List<String> args) {
    var name = args.get(1);
    switch (args.get(0)) {
      case PROBE -> say("probes", Devices.probe(name).stream().map(DevicesCommand::row).toList());
      case CHECK -> {
        long nanos = (long) (Double.parseDouble(args.get(2)) * NANOS);
        say("details", details(name));
        var single = check(name, DType.F32, nanos);
        say("check", single.json());
        // A device that knows one type alone refuses the other.
        if (single.failure().isEmpty()) {
          var half = check(name, DType.F16, nanos);
          if (half.failure().isEmpty()) {
            say("check", half.json());
          }
        }
      }
      default -> throw new IllegalArgumentException("doctor: expected probe or check, got " + args);
    }
    say("libraries", Machine.libraries());
    say("over", "");
  }

  private static Map<String, String> details(String name) {
    try {
      return Devices.details(name);
    } catch (DeviceException e) {
      return Map.of("details", ExitCode.message(e));
    }
  }

  private Checked check(String name, DType dtype, long nanos) {
    var options = new DeviceOptions(OptionalInt.empty(), OptionalInt.empty(), dtype);
    long start = System.nanoTime();
    say("dtype", DeviceFindings.label(dtype));
    try (var backend = opening.open(name, options)) {
      var rows =
          DeviceCheck.run(backend, nanos, System::nanoTime, operation -> say("case", operation));
      say("case", "");
      return new Checked(dtype, (System.nanoTime() - start) / NANOS, rows, backend.warnings(), "");
    } catch (RuntimeException | LinkageError e) {
      return new Checked(dtype, 0, List.of(), List.of(), ExitCode.message(e));
    }
  }

  private void say(String name, Object value) {
    lines.accept(mapper.writeValueAsString(Map.of(name, value)));
  }
}
