package org.drag4j.kernels.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.drag4j.device.KernelOptions;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DType;
import org.drag4j.trace.Trace;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Kernels that use extensions, on a device that has none: sub-groups are made of local memory and
 * barriers, halves are converted as they always are.
 */
class ExtensionsTest {
  private static final String FP16 = "cl_khr_fp16";
  private static final String SUB_GROUPS = "cl_khr_subgroups";

  /** Sub-groups of 8; they borrow the array {@code shared} of whoever calls. */
  private static final String EIGHT_TOGETHER =
      """
      #define get_sub_group_size() 8u
      #define get_num_sub_groups() ((uint)get_local_size(0) / 8)
      #define get_sub_group_id() ((uint)get_local_id(0) / 8)
      #define get_sub_group_local_id() ((uint)get_local_id(0) % 8)
      static float reduced(float x, int largest, local float *room) {
        int me = get_local_id(0);
        barrier(CLK_LOCAL_MEM_FENCE);
        room[me] = x;
        barrier(CLK_LOCAL_MEM_FENCE);
        float y = room[me / 8 * 8];
        for (int i = 1; i < 8; i++) {
          float z = room[me / 8 * 8 + i];
          y = largest ? fmax(y, z) : y + z;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        return y;
      }
      #define sub_group_reduce_add(x) reduced(x, 0, (local float *)shared)
      #define sub_group_reduce_max(x) reduced(x, 1, (local float *)shared)
      """;

  /** Says which kernels ran. */
  private static final class Watching implements Driver {
    private final Set<String> ran = new HashSet<>();

    @Override
    public void enqueue(
        cl_command_queue queue,
        cl_kernel kernel,
        long[] global,
        long[] local,
        @Nullable cl_event event) {
      var name = new byte[100];
      CL.clGetKernelInfo(kernel, CL.CL_KERNEL_FUNCTION_NAME, name.length, Pointer.to(name), null);
      ran.add(new String(name, StandardCharsets.US_ASCII).split("\0", -1)[0]);
      Driver.super.enqueue(queue, kernel, global, local, event);
    }
  }

  private static float[] tiles(Extensions extensions, DType activations, Watching driver) {
    var info = OpenClFailureTest.firstDevice().withExtensions(extensions);
    var labels = Set.of("conv2d", "group_norm", "layer_norm", "attention");
    var forced = new HashMap<String, String>();
    labels.forEach(l -> forced.put(l, "tile"));
    var options = PlanOptions.of(new KernelOptions(false, Map.copyOf(forced)));
    try (var backend = OpenClBackend.open(info, activations, ProgramCache.none(), driver)) {
      return Network.run(backend, Trace.OFF, options, DType.F16);
    }
  }

  private static Extensions subGroups(UnaryOperator<String> changed) {
    return new Extensions(
        false, true, "-cl-std=CL1.2 -D SUB_GROUPS", changed.apply(EIGHT_TOGETHER));
  }

  private static double difference(float[] right, float[] other) {
    double squares = 0;
    double all = 0;
    for (int i = 0; i < right.length; i++) {
      squares += Math.pow((double) right[i] - other[i], 2);
      all += Math.pow(right[i], 2);
    }
    return Math.sqrt(squares / all);
  }

  @Test
  void subGroupsSumAndCompareAsLocalMemoryDoes() {
    var right = tiles(Extensions.NONE, DType.F32, new Watching());
    var watching = new Watching();
    var other = tiles(subGroups(UnaryOperator.identity()), DType.F32, watching);
    assertTrue(
        watching.ran.containsAll(Set.of("layer_norm_row", "group_norm_merge", "attention_tile")),
        watching.ran.toString());
    assertEquals(0, difference(right, other), 1e-6);
    // It is the sub-groups that were used: if they forget somebody, it shows.
    var wrong = tiles(subGroups(s -> s.replace("int i = 1", "int i = 2")), DType.F32, watching);
    assertTrue(difference(right, wrong) > 1e-3);
  }

  @Test
  void halvesInLocalMemoryLoseNothing() {
    var plain = new Watching();
    var right = tiles(Extensions.NONE, DType.F16, plain);
    assertTrue(plain.ran.contains("product_tile64"), plain.ran.toString());
    var half = new Watching();
    var extensions = new Extensions(true, false, "-cl-std=CL1.2", "");
    assertArrayEquals(right, tiles(extensions, DType.F16, half));
    assertTrue(half.ran.contains("product_tile64_half"), half.ran.toString());
    // Floats do not fit into them.
    var single = new Watching();
    tiles(extensions, DType.F32, single);
    assertFalse(single.ran.contains("product_tile64_half"), single.ran.toString());
  }

  @Test
  void whatTheDeviceNamesAndItsCompilerTakesIsUsed() {
    assertEquals(Extensions.NONE, Extensions.of(Set.of("cl_khr_fp64"), (_, _) -> true));
    assertEquals(Extensions.NONE, Extensions.of(Set.of(FP16, SUB_GROUPS), (_, _) -> false));
    var both = Extensions.of(Set.of(FP16, SUB_GROUPS), (_, o) -> !o.endsWith("CL2.0"));
    assertTrue(both.half() && both.subGroups());
    assertEquals("-cl-std=CL3.0 -D FP16 -D SUB_GROUPS", both.options());
    assertEquals("uses cl_khr_fp16, cl_khr_subgroups", both.label());
    assertEquals("no extensions used", Extensions.NONE.label());
  }

  @Test
  void aDevicesCompilerIsAsked() {
    var info = OpenClFailureTest.firstDevice();
    var compiler = new ProbeCompiler(info.platformId(), info.id());
    assertTrue(compiler.builds("kernel void f(global float *x) { x[0] = 1; }", "-cl-std=CL1.2"));
    assertFalse(compiler.builds("kernel void f(global float *x) { y[0] = 1; }", "-cl-std=CL1.2"));
    assertTrue(info.line().endsWith(info.extensions().label()), info.line());
  }
}
