package org.drag4j.kernels.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Probe;
import org.drag4j.device.Step;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.trace.Trace;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes wrong is said, and neither process nor device suffers more than it must. */
class OpenClFailureTest {
  private static @Nullable DeviceInfo found;

  /** Fails in one kind of call, so many times from the next call on. */
  private static final class Failing implements Driver {
    private final int status;
    private int allocations;
    private int launches;
    private int waits;

    Failing(int status) {
      this.status = status;
    }

    private void fail() {
      throw new CLException(CL.stringFor_errorCode(status), status);
    }

    @Override
    public cl_mem createBuffer(cl_context context, long flags, long bytes) {
      if (allocations-- > 0) {
        fail();
      }
      return Driver.super.createBuffer(context, flags, bytes);
    }

    @Override
    public void enqueue(
        cl_command_queue queue,
        cl_kernel kernel,
        long[] global,
        long[] local,
        @Nullable cl_event event) {
      if (launches-- > 0) {
        fail();
      }
      Driver.super.enqueue(queue, kernel, global, local, event);
    }

    @Override
    public void finish(cl_command_queue queue) {
      if (waits-- > 0) {
        fail();
      }
      Driver.super.finish(queue);
    }
  }

  @BeforeAll
  static void find() {
    found = firstDevice();
  }

  /** Of the devices that can be used; without one the test is skipped. */
  static DeviceInfo firstDevice() {
    var list = DeviceList.get();
    return list.devices().stream()
        .filter(d -> DeviceList.probe(d) instanceof Probe.Available)
        .findFirst()
        .orElseGet(() -> Assumptions.abort("no OpenCL device: " + list.probes()));
  }

  private static DeviceInfo device() {
    if (found == null) {
      throw new IllegalStateException("expected a device");
    }
    return found;
  }

  private static OpenClBackend open(Driver driver) {
    return OpenClBackend.open(device(), DType.F32, ProgramCache.none(), driver);
  }

  private static float[] run(Backend backend) {
    return Network.run(backend, Trace.OFF);
  }

  private static float[] expected() {
    try (var backend = open(Driver.JOCL)) {
      return run(backend);
    }
  }

  private static void assertSays(Throwable e, String... parts) {
    var message = String.valueOf(e.getMessage());
    for (var part : parts) {
      assertTrue(message.contains(part), message + " should contain " + part);
    }
  }

  @Test
  void moreMemoryThanThereIs() {
    try (var backend = open(Driver.JOCL)) {
      var e =
          assertThrows(
              DeviceMemoryException.class,
              () -> backend.allocate(device().memory() + (1L << 40), "activations"));
      assertSays(e, device().name() + ": activations: asked for ", " MB left of ", "smaller");
      assertEquals(0, backend.context().held());
      assertArrayEquals(expected(), run(backend));
    }
  }

  @Test
  void memoryHeldCounts() {
    try (var backend = open(Driver.JOCL)) {
      var some = backend.allocate(1 << 20, "some");
      assertEquals(some.byteSize(), backend.context().held());
      some.close();
      some.close();
      assertEquals(0, backend.context().held());
      var one = MemorySegment.ofArray(new int[1]);
      assertThrows(IllegalStateException.class, () -> some.read(0, one));
    }
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        CL.CL_MEM_OBJECT_ALLOCATION_FAILURE,
        CL.CL_OUT_OF_HOST_MEMORY,
        CL.CL_OUT_OF_RESOURCES
      })
  void aDriverThatHasNoMemoryLeft(int status) {
    var driver = new Failing(status);
    try (var backend = open(driver)) {
      driver.allocations = 1;
      var e = assertThrows(DeviceMemoryException.class, () -> run(backend));
      assertSays(e, "asked for", CL.stringFor_errorCode(status));
      assertEquals(0, backend.context().held());
      assertArrayEquals(expected(), run(backend));
    }
  }

  @Test
  void buffersThatCannotBePlacedWhenAKernelStarts() {
    var driver = new Failing(CL.CL_MEM_OBJECT_ALLOCATION_FAILURE);
    try (var backend = open(driver)) {
      driver.launches = 1;
      var e = assertThrows(DeviceMemoryException.class, () -> run(backend));
      assertSays(e, "pack_32", "MB held");
      assertArrayEquals(expected(), run(backend));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aDeviceThatIsLostStaysLostUntilItIsOpenedAgain(boolean whenWaiting) {
    var driver = new Failing(whenWaiting ? CL.CL_OUT_OF_RESOURCES : CL.CL_DEVICE_NOT_AVAILABLE);
    try (var backend = open(driver)) {
      assertArrayEquals(expected(), run(backend));
      if (whenWaiting) {
        driver.waits = 1;
      } else {
        driver.launches = 1;
      }
      var e = assertThrows(DeviceException.class, () -> run(backend));
      assertSays(e, device().name(), "the device is lost", "open it again");
      var again = assertThrows(DeviceException.class, () -> run(backend));
      assertSays(again, "the device is lost");
    }
    assertArrayEquals(expected(), expected());
  }

  @Test
  void aProgramThatDoesNotBuild() {
    try (var backend = open(Driver.JOCL)) {
      var e =
          assertThrows(
              DeviceException.class,
              () ->
                  backend
                      .context()
                      .programs()
                      .build("bad.cl", "kernel void f() { undeclared_name = 1; }", Variant.PANEL));
      assertSays(e, device().name() + ": bad.cl (panel): expected to build", "undeclared_name");
      assertArrayEquals(expected(), run(backend));
    }
  }

  @Test
  void anIndexThatTheTableDoesNotHave() {
    try (var backend = open(Driver.JOCL);
        var weights = backend.weights(new TableOfThree())) {
      var g = new Graph(Hook.NONE);
      var ids = g.input("ids", Shape.of(1, 2), DType.I32);
      g.node(new Op.Embedding(), "tokens", ids, g.weight(Param.of("table", Shape.of(3, 5))))
          .output("y");
      try (var plan = Plan.compile(g, backend, weights, PlanOptions.DEFAULT)) {
        plan.tensor("ids").write(new int[] {1, 3});
        var e = assertThrows(IllegalArgumentException.class, () -> plan.run(Trace.OFF));
        assertSays(e, "tokens: expected indices 0 to 2, got 3 at position 1");
        plan.tensor("ids").write(new int[] {2, 0});
        plan.run(Trace.OFF);
        assertArrayEquals(new float[] {10, 11, 12, 13, 14, 0, 1, 2, 3, 4}, plan.tensor("y").read());
      }
    }
  }

  @Test
  void aClosedDeviceGivesEverythingBackAndSaysSo() {
    var backend = open(Driver.JOCL);
    var left = backend.allocate(1 << 20, "left");
    backend.close();
    backend.close();
    left.close();
    assertEquals(0, backend.context().held());
    assertSays(assertThrows(DeviceException.class, () -> run(backend)), "was closed");
  }

  @Test
  void optionsThatAreNotForOpenCl() {
    var provider = new OpenClProvider();
    var name = device().name();
    assertSays(
        assertThrows(
            DeviceException.class,
            () -> provider.open(name, new DeviceOptions(OptionalInt.of(1), OptionalInt.empty()))),
        "--threads",
        "POCL_MAX_PTHREAD_COUNT");
    assertSays(
        assertThrows(
            DeviceException.class,
            () -> provider.open(name, new DeviceOptions(OptionalInt.empty(), OptionalInt.of(256)))),
        "--cpu-vector");
    assertSays(
        assertThrows(
            DeviceException.class,
            () ->
                provider.open(
                    name, new DeviceOptions(OptionalInt.empty(), OptionalInt.empty(), DType.BF16))),
        "--dtype: expected f32 or f16");
    assertSays(
        assertThrows(
            DeviceException.class, () -> provider.open("opencl:99", DeviceOptions.DEFAULT)),
        "opencl:99");
  }

  @Test
  void everyStepIsTimedByTheDevice() {
    var steps = new ArrayList<Step>();
    var measured = new ArrayList<Step>();
    var trace =
        new Trace() {
          @Override
          public void end(Step step) {
            steps.add(step);
          }

          @Override
          public void measured(Step step, long nanos) {
            assertTrue(nanos > 0, step.kernel().name());
            measured.add(step);
          }
        };
    try (var backend = open(Driver.JOCL)) {
      assertArrayEquals(expected(), Network.run(backend, trace));
      assertFalse(steps.isEmpty());
      assertEquals(steps, measured.stream().distinct().toList());
      int before = measured.size();
      Network.run(backend, Trace.OFF);
      assertEquals(before, measured.size());
    }
  }

  @Test
  void oldDevicesAreRefusedWithAReason() {
    var d = device();
    for (var version : List.of("OpenCL 1.1 x", "OpenCL 0.9", "nonsense")) {
      var probe = DeviceList.probe(d.withVersion(version));
      assertTrue(probe instanceof Probe.Unavailable, version);
      assertSays(new IllegalStateException(probe.toString()), "expected OpenCL 1.2", version);
    }
    for (var version : List.of("OpenCL 1.2 x", "OpenCL 3.0 CUDA 13", "OpenCL 2.1")) {
      assertTrue(DeviceList.probe(d.withVersion(version)) instanceof Probe.Available, version);
    }
  }
}
