package org.drag4j.kernels.opencl;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Extensions that kernels use.
 *
 * @param half cl_khr_fp16: 16 bits are a type of its own
 * @param subGroups cl_khr_subgroups: sums over work-items that run together
 * @param options what the compiler is told of them
 * @param prelude source that comes before every other
 */
record Extensions(boolean half, boolean subGroups, String options, String prelude) {
  static final Extensions NONE = new Extensions(false, false, "-cl-std=CL1.2", "");

  private static final String HALF = "cl_khr_fp16";
  private static final String SUB_GROUPS = "cl_khr_subgroups";

  /** Whether a source builds with these options. */
  @FunctionalInterface
  interface Compiler {
    boolean builds(String source, String options);
  }

  /**
   * Those of a device on which its compiler, too, agrees: the name alone does not tell in which
   * version of the language it offers them.
   */
  static Extensions of(Set<String> names, Compiler compiler) {
    boolean half =
        names.contains(HALF)
            && compiler.builds(
                "#pragma OPENCL EXTENSION cl_khr_fp16 : enable\n"
                    + "kernel void f(global half *x) { x[0] = convert_half_rte((float)x[1]); }",
                "-cl-std=CL1.2");
    var standard = subGroups(names, compiler);
    var options =
        "-cl-std="
            + (standard.isEmpty() ? "CL1.2" : standard)
            + (half ? " -D FP16" : "")
            + (standard.isEmpty() ? "" : " -D SUB_GROUPS");
    return new Extensions(half, !standard.isEmpty(), options, "");
  }

  /** The version of the language that has them; empty for none. */
  private static String subGroups(Set<String> names, Compiler compiler) {
    if (!names.contains(SUB_GROUPS)) {
      return "";
    }
    for (var standard : List.of("CL2.0", "CL3.0", "CL1.2")) {
      var source =
          "#ifdef cl_khr_subgroups\n#pragma OPENCL EXTENSION cl_khr_subgroups : enable\n#endif\n"
              + "kernel void f(global float *x) {"
              + " x[get_sub_group_id()] = sub_group_reduce_add(x[get_sub_group_local_id()])"
              + " + sub_group_reduce_max(x[get_num_sub_groups() + get_sub_group_size()]); }";
      if (compiler.builds(source, "-cl-std=" + standard)) {
        return standard;
      }
    }
    return "";
  }

  /** As people read them. */
  String label() {
    var used = new ArrayList<String>();
    if (half) {
      used.add(HALF);
    }
    if (subGroups) {
      used.add(SUB_GROUPS);
    }
    return used.isEmpty() ? "no extensions used" : "uses " + String.join(", ", used);
  }
}
