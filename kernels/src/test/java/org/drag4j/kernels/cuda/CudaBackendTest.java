package org.drag4j.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import jcuda.driver.CUresult;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.kernels.cuda.driver.FakeCudaDriver;
import org.drag4j.kernels.cuda.driver.KernelCall;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.Test;

/** Lifetimes, order and failures of what a device holds, against a driver in Java. */
class CudaBackendTest {
  private static final long CAPACITY = 1 << 20;
  private static final long STAGING = 64;

  /** {@code struct { long address; int value; }}: adds the value to an int. */
  private static final String ADD = "add";

  private final FakeCudaDriver driver = driver(true);

  private static FakeCudaDriver driver(boolean pools) {
    return new FakeCudaDriver(1, CAPACITY, pools)
        .with(
            ADD,
            (device, _, arguments) -> {
              var at = device.memory(arguments.get(ValueLayout.JAVA_LONG, 0), Integer.BYTES);
              int value = arguments.get(ValueLayout.JAVA_INT, 8);
              at.set(
                  ValueLayout.JAVA_INT_UNALIGNED,
                  0,
                  at.get(ValueLayout.JAVA_INT_UNALIGNED, 0) + value);
            });
  }

  private static CudaBackend open(FakeCudaDriver driver) {
    return CudaBackend.open(driver, 0, STAGING, DType.F32, _ -> new byte[0], Libraries.NONE);
  }

  private static KernelCall add(CudaBackend backend, Arena arena, long address, int value) {
    long function =
        backend.modules().function("test", () -> ADD.getBytes(StandardCharsets.UTF_8), ADD, 0);
    var arguments = arena.allocate(16, 8);
    arguments.set(ValueLayout.JAVA_LONG, 0, address);
    arguments.set(ValueLayout.JAVA_INT, 8, value);
    return KernelCall.of(arena, function, KernelCall.Shape.of(1, 1, 1, 32, 0), arguments);
  }

  private static int intAt(CudaMemory memory) {
    var value = new int[1];
    memory.read(0, MemorySegment.ofArray(value));
    return value[0];
  }

  private static CudaMemory allocate(CudaBackend backend, long bytes, String purpose) {
    return (CudaMemory) backend.allocate(bytes, purpose);
  }

  @Test
  void whatIsWrittenIsReadThroughStagingMuchSmallerThanIt() {
    try (var backend = open(driver);
        var memory = backend.allocate(1001, "test")) {
      var fresh = new byte[1001];
      memory.read(0, MemorySegment.ofArray(fresh));
      assertArrayEquals(new byte[1001], fresh);
      var random = new byte[1000];
      new Random(1).nextBytes(random);
      memory.write(1, MemorySegment.ofArray(random));
      var back = new byte[998];
      memory.read(3, MemorySegment.ofArray(back));
      assertArrayEquals(Arrays.copyOfRange(random, 2, 1000), back);
      assertEquals(1001, memory.byteSize());
      assertEquals("cuda:0", memory.device());
    }
    assertEquals(List.of(), driver.leaks());
  }

  @Test
  void copiesEndWithinTheMemory() {
    try (var backend = open(driver);
        var memory = backend.allocate(8, "test")) {
      var nine = MemorySegment.ofArray(new byte[9]);
      assertThrows(IndexOutOfBoundsException.class, () -> memory.write(0, nine));
      assertThrows(IndexOutOfBoundsException.class, () -> memory.read(-1, nine.asSlice(1)));
      assertThrows(
          IndexOutOfBoundsException.class, () -> memory.read(Long.MAX_VALUE, nine.asSlice(1)));
    }
  }

  @Test
  void launchesRunInOrderAndOnlyWhenWaitedFor() {
    try (var backend = open(driver);
        var arena = Arena.ofConfined();
        var memory = allocate(backend, 4, "test")) {
      var call = add(backend, arena, memory.address(), 5);
      backend.stream().launch(call);
      // The driver copies arguments when it is called.
      call.arguments().set(ValueLayout.JAVA_INT, 8, 100);
      backend.stream().launch(call);
      assertEquals(105, intAt(memory));
    }
  }

  @Test
  void closedMemoryIsRefusedAndClosingTwiceIsNothing() {
    try (var backend = open(driver)) {
      var memory = allocate(backend, 4, "test");
      memory.close();
      memory.close();
      assertThrows(DeviceException.class, () -> intAt(memory));
      assertThrows(DeviceException.class, memory::address);
    }
    assertEquals(List.of(), driver.leaks());
  }

  @Test
  void theDriverNoticesAKernelThatUsesFreedMemory() {
    var backend = open(driver);
    try (var arena = Arena.ofConfined()) {
      var memory = allocate(backend, 4, "test");
      var call = add(backend, arena, memory.address(), 1);
      memory.close();
      backend.stream().launch(call);
      var e = assertThrows(DeviceException.class, backend::synchronize);
      assertTrue(String.valueOf(e.getMessage()).contains("CUDA_ERROR_ILLEGAL_ADDRESS"));
      assertTrue(String.valueOf(e.getMessage()).contains("opened again"));
    }
    assertThrows(DeviceException.class, backend::close);
    assertEquals(List.of(), driver.leaks());
    // The device can be had again.
    try (var again = open(driver);
        var memory = allocate(again, 4, "test")) {
      assertEquals(0, intAt(memory));
    }
  }

  @Test
  void memoryFreedWhileWorkIsEnqueuedIsFreedAfterIt() {
    for (boolean pools : new boolean[] {true, false}) {
      var fake = driver(pools);
      try (var backend = open(fake);
          var arena = Arena.ofConfined()) {
        var memory = allocate(backend, 4, "test");
        backend.stream().launch(add(backend, arena, memory.address(), 1));
        memory.close();
        backend.synchronize();
      }
      assertEquals(List.of(), fake.leaks());
    }
  }

  @Test
  void outOfMemorySaysWhoHoldsItAndIsSurvived() {
    for (boolean pools : new boolean[] {true, false}) {
      var fake = new FakeCudaDriver(1, 10 << 20, pools);
      try (var backend =
              CudaBackend.open(fake, 0, STAGING, DType.F32, _ -> new byte[0], Libraries.NONE);
          var weights = backend.allocate(6 << 20, "weights")) {
        var small = backend.allocate(2 << 20, "activations");
        assertEquals(6 << 20, weights.byteSize());
        var e = assertThrows(DeviceMemoryException.class, () -> backend.allocate(3 << 20, "bank"));
        assertEquals(
            "cuda:0: bank: asked for 3 MB, free are 2 MB of 10 MB; held here: weights 6 MB,"
                + " activations 2 MB; try a smaller picture or fewer steps, or free memory that"
                + " other programs hold",
            e.getMessage());
        small.close();
        backend.allocate(3 << 20, "bank").close();
      }
      assertEquals(List.of(), fake.leaks());
    }
  }

  @Test
  void whatThePoolKeepsIsGivenBackBeforeMemoryRunsOut() {
    try (var backend = open(driver)) {
      backend.allocate(CAPACITY / 2, "first").close();
      backend.synchronize();
      // Kept by the pool, too small for this: it must be trimmed.
      var second = backend.allocate(CAPACITY - 1, "second");
      assertTrue(driver.calls().contains("trimPool"));
      second.close();
    }
  }

  @Test
  void negativeSizesAreRefusedAndNoneIsFine() {
    try (var backend = open(driver)) {
      assertThrows(IllegalArgumentException.class, () -> backend.allocate(-1, "test"));
      try (var none = backend.allocate(0, "test")) {
        assertEquals(0, none.byteSize());
      }
    }
  }

  @Test
  void aGraphRepeatsWhatWasRecordedAndNothingRanWhileRecording() {
    try (var backend = open(driver);
        var arena = Arena.ofConfined();
        var memory = allocate(backend, 4, "test")) {
      var call = add(backend, arena, memory.address(), 3);
      var graph =
          backend.record(() -> {
            backend.stream().launch(call);
            backend.stream().launch(call);
          });
      assertEquals(0, intAt(memory));
      graph.launch();
      graph.launch();
      assertEquals(12, intAt(memory));
      graph.close();
      graph.close();
      assertThrows(DeviceException.class, graph::launch);
    }
    assertEquals(List.of(), driver.leaks());
  }

  @Test
  void aRecordingThatFailsLeavesTheStreamUsable() {
    try (var backend = open(driver);
        var arena = Arena.ofConfined();
        var memory = allocate(backend, 4, "test")) {
      var waits = assertThrows(DeviceException.class, () -> backend.record(backend::synchronize));
      assertTrue(String.valueOf(waits.getMessage()).contains("CAPTURE_UNSUPPORTED"));
      assertThrows(
          IllegalStateException.class,
          () ->
              backend.record(() -> {
                throw new IllegalStateException("test");
              }));
      assertThrows(
          DeviceException.class, () -> backend.record(() -> backend.allocate(4, "inside")));
      assertThrows(DeviceException.class, () -> backend.record(memory::close));
      backend.stream().launch(add(backend, arena, memory.address(), 3));
      assertEquals(3, intAt(memory));
    }
    assertEquals(List.of(), driver.leaks());
  }

  @Test
  void closingGivesEverythingBackYoungestFirst() {
    var backend = open(driver);
    try (var arena = Arena.ofConfined()) {
      var memory = allocate(backend, 4, "test");
      var call = add(backend, arena, memory.address(), 1);
      var graph = backend.record(() -> backend.stream().launch(call));
      graph.launch();
      int before = driver.calls().size();
      backend.close();
      assertEquals(
          List.of(
              "synchronize",
              "destroyExecutable",
              "unloadModule",
              "freeAsync",
              "destroyPool",
              "freeHost",
              "destroyEvent",
              "destroyEvent",
              "destroyStream",
              "releaseContext"),
          driver.calls().subList(before, driver.calls().size()));
      assertEquals(List.of(), driver.leaks());
      // What outlives the device is closed to no effect.
      graph.close();
      memory.close();
      backend.close();
      assertThrows(DeviceException.class, () -> backend.allocate(4, "late"));
      assertThrows(DeviceException.class, backend::synchronize);
    }
  }

  @Test
  void whicheverCallOfOpeningFailsNothingStaysOpen() {
    open(driver).close();
    int calls = driver.calls().indexOf("synchronize");
    assertTrue(calls > 5);
    for (int nth = 1; nth <= calls; nth++) {
      var fake = driver(true);
      fake.fail("", nth, CUresult.CUDA_ERROR_UNKNOWN);
      int failing = nth;
      assertThrows(DeviceException.class, () -> open(fake), () -> "call " + failing);
      assertEquals(List.of(), fake.leaks(), () -> "call " + failing);
    }
  }

  @Test
  void whicheverCallOfClosingFailsTheOthersAreMade() {
    var backend = open(driver);
    int before = driver.calls().size();
    backend.close();
    int calls = driver.calls().size() - before - 1; // releasing the context is not made to fail
    for (int nth = 1; nth <= calls; nth++) {
      var fake = driver(true);
      var other = open(fake);
      fake.fail("", nth, CUresult.CUDA_ERROR_UNKNOWN);
      int failing = nth;
      assertThrows(DeviceException.class, other::close, () -> "call " + failing);
      // Only what the driver refused to take back, and nothing where waiting failed.
      assertEquals(nth == 1 ? 0 : 1, fake.leaks().size(), () -> "call " + failing);
    }
  }

  @Test
  void anotherThreadMayTakeOver() throws InterruptedException {
    try (var backend = open(driver);
        var memory = allocate(backend, 4, "test")) {
      var failure = new AtomicReference<Throwable>();
      var thread =
          new Thread(() -> {
            try {
              memory.write(0, MemorySegment.ofArray(new int[] {7}));
            } catch (Throwable e) {
              failure.set(e);
            }
          });
      thread.start();
      thread.join();
      assertNull(failure.get());
      assertEquals(7, intAt(memory));
    }
  }

  @Test
  void eventsOrderAndTimeWork() {
    try (var backend = open(driver)) {
      var context = backend.stream().context();
      var start = CudaEvent.timed(context);
      var end = CudaEvent.timed(context);
      start.record(backend.stream());
      end.record(backend.stream());
      assertThrows(DeviceException.class, () -> end.millisSince(start));
      end.synchronize();
      assertEquals(1, end.millisSince(start));
      end.close();
    }
    assertEquals(List.of(), driver.leaks());
  }

  @Test
  void aModuleIsLoadedOnceAndAskedForMoreSharedMemoryWhereNeeded() {
    try (var backend = open(driver)) {
      byte[] image = ADD.getBytes(StandardCharsets.UTF_8);
      long plain = backend.modules().function("test", () -> image, ADD, 48 << 10);
      assertEquals(plain, backend.modules().function("test", () -> image, ADD, 100 << 10));
      assertEquals(1, driver.calls().stream().filter("loadModule"::equals).count());
      assertEquals(1, driver.calls().stream().filter("setFunctionAttribute"::equals).count());
      var e =
          assertThrows(
              DeviceException.class,
              () -> backend.modules().function("test", () -> image, "none", 0));
      assertTrue(String.valueOf(e.getMessage()).contains("CUDA_ERROR_NOT_FOUND"));
      assertThrows(
          DeviceException.class,
          () -> backend.modules().function("test", () -> image, ADD, 300 << 10));
    }
  }
}
