package org.drag4j.kernels.cuda.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.drag4j.graph.Op;
import org.drag4j.kernels.cuda.kernel.AttentionTest.Call;
import org.drag4j.kernels.cuda.kernel.AttentionTest.From;
import org.drag4j.kernels.cuda.kernel.EditingTest.Update;
import org.drag4j.kernels.cuda.kernel.NormTest.Group;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The checks can fail: each of these faults, planted in a kernel's source, is found. */
final class FaultTest {
  /**
   * A fault: {@code from} becomes {@code to}, and then the check must fail.
   *
   * @param file the source
   */
  private record Fault(
      String what, String file, String from, String to, Function<Machine, Deviation> check) {}

  private final List<Fault> faults = new ArrayList<>();

  private void fault(
      String what, String file, String from, String to, Function<Machine, Deviation> check) {
    faults.add(new Fault(what, file, from, to, check));
  }

  FaultTest() {
    attention();
    products();
    norms();
    elementwise();
    editing();
  }

  private void attention() {
    var file = "attention.cu";
    var whole = Call.of(1, 1, 64, 256, 80);
    fault(
        "no barrier before a stage is read",
        file,
        "      sync_block();\n      // The stage that everybody left at the last tile",
        "      // The stage that everybody left at the last tile",
        m -> AttentionTest.deviation(m, DType.F16, whole));
    fault(
        "a wait too few",
        file,
        "copy_wait<STAGES - 2>();",
        "copy_wait<STAGES - 1>();",
        m -> AttentionTest.deviation(m, DType.F16, whole));
    fault(
        "no barrier between the key sets",
        file,
        "      scale_rows(f);\n      sync_block();\n      pass<RESULTS>",
        "      scale_rows(f);\n      pass<RESULTS>",
        m -> AttentionTest.deviation(m, DType.F16, Call.of(1, 1, 64, 64, 64).withExtra(256)));
    fault(
        "halves of a key swapped",
        file,
        "mma_k16(s[m][n], q[m][2 * k], b[0], b[1]);",
        "mma_k16(s[m][n], q[m][2 * k], b[1], b[0]);",
        m -> AttentionTest.deviation(m, DType.F16, whole));
    fault(
        "the eight dimensions left over",
        file,
        "mma_k8(s[m][n4 + n], q8[m][0], q8[m][1], b[n])",
        "mma_k8(s[m][n4 + n], q8[m][1], q8[m][0], b[n])",
        m -> AttentionTest.deviation(m, DType.F16, Call.of(1, 1, 64, 64, 40)));
    fault(
        "no tail",
        file,
        "if (key >= count || (causal && key > row)) s[m][n][i]",
        "if (causal && key > row) s[m][n][i]",
        m -> AttentionTest.deviation(m, DType.F16, Call.of(1, 1, 40, 77, 64)));
    fault(
        "the diagonal one off",
        file,
        "(causal && key > row)) s[m]",
        "(causal && key >= row)) s[m]",
        m -> AttentionTest.deviation(m, DType.F16, Call.of(1, 1, 77, 77, 64).withCausal()));
    fault(
        "a sum not scaled with its maximum",
        file,
        "    sum[m][0] *= fa;\n",
        "",
        m -> AttentionTest.deviation(m, DType.F16, Call.of(1, 1, 64, 256, 40)));
    fault(
        "the bank's step ignored",
        file,
        "first && p.step ? load_int(p.step) * p.bank_step : 0",
        "0",
        m -> AttentionTest.deviation(m, DType.F16, Call.of(1, 2, 64, 64, 40).withFrom(From.BANK)));
    fault(
        "values of the wrong token",
        file,
        "      if (MASKED && head.banked((int)t)) {\n        k = head.bank_k",
        "      if (MASKED && head.banked((int)t)) {\n        k = head.k",
        m ->
            AttentionTest.deviation(
                m, DType.F16, Call.of(1, 2, 64, 64, 40).withFrom(From.SELECTED)));
    fault(
        "the second set's weight forgotten",
        file,
        "f[m][i] = p.extra.weight / sum[m][i];",
        "f[m][i] = 1.f / sum[m][i];",
        m -> AttentionTest.deviation(m, DType.F16, Call.of(1, 1, 33, 77, 80).withExtra(32)));
    fault(
        "a padded head reads on",
        file,
        "u32 low = valid && c < p.dim ?",
        "u32 low = valid ?",
        m -> AttentionTest.deviation(m, DType.F16, Call.of(1, 3, 33, 40, 17)));
    fault(
        "single precision: no barrier before the next tile",
        file,
        "        sync_block();\n        for (int i = tid; i < BN * D; i += THREADS) {",
        "        for (int i = tid; i < BN * D; i += THREADS) {",
        m -> AttentionTest.deviation(m, DType.F32, Call.of(1, 1, 40, 200, 40)));
    fault(
        "single precision: half precision of a weight",
        file,
        "weights[(warp * QUERIES + i) * BN + lane] = e;",
        "weights[(warp * QUERIES + i) * BN + lane] = float_of(bits_of(e) & 0xffffe000u);",
        m -> AttentionTest.deviation(m, DType.F32, Call.of(1, 1, 40, 60, 40)));
  }

  private void products() {
    var wide = new GemmTest.Sizes(130, 136, 200, 1, 1, "bias gelu residual", 0);
    var split = new GemmTest.Sizes(64, 64, 320, 2, 3, "bias shift", 0);
    fault(
        "no barrier before a stage is read",
        "gemm.cu",
        "      sync_block();\n      // The stage that everybody left at the last step",
        "      // The stage that everybody left at the last step",
        m -> GemmTest.deviation(m, CudaKernels.GEMM_NT_F16_128, wide));
    fault(
        "a wait too few",
        "gemm.cu",
        "copy_wait<STAGES - 2>();",
        "copy_wait<STAGES - 1>();",
        m -> GemmTest.deviation(m, CudaKernels.GEMM_NT_F16_64, wide));
    fault(
        "sums written over stages still read",
        "gemm.cu",
        "    sync_block();\n    float* const tile",
        "    float* const tile",
        m -> GemmTest.deviation(m, CudaKernels.GEMM_NT_F16_64, wide));
    fault(
        "the step of the bank ignored",
        "gemm.cu",
        "p.step ? load_int(p.step) * p.step_y : 0",
        "0",
        m -> GemmTest.deviation(m, CudaKernels.GEMM_NT_F16_64, wide));
    fault(
        "the bias before the factor",
        "gemm.cu",
        "p.bias ? p.alpha * v[i] + bias[i]",
        "p.bias ? p.alpha * (v[i] + bias[i])",
        m -> GemmTest.deviation(m, CudaKernels.GEMM_NT_F16_64, wide));
    fault(
        "an epilogue's rows",
        "gemm.cu",
        "(row / repeat % rows)",
        "(row % rows)",
        m ->
            GemmTest.deviation(
                m, CudaKernels.GEMM_NT_F16_ANY, new GemmTest.Sizes(40, 20, 30, 1, 1, "shift", 1)));
    fault(
        "values by the wrong rows",
        "gemm.cu",
        "(i64)i * ldb + column",
        "(i64)i * n + column",
        m -> GemmTest.deviation(m, CudaKernels.GEMM_NN_F16_64, wide));
    fault(
        "a tail of k",
        "gemm.cu",
        "valid = i < k && column < n;",
        "valid = column < n;",
        m ->
            GemmTest.deviation(
                m, CudaKernels.GEMM_NN_F32, new GemmTest.Sizes(40, 20, 30, 2, 1, "", 0)));
    fault(
        "single precision: no barrier",
        "gemm.cu",
        "      sync_block();\n#pragma unroll\n      for (int kk = 0; kk < BK; kk++) {",
        "#pragma unroll\n      for (int kk = 0; kk < BK; kk++) {",
        m -> GemmTest.deviation(m, CudaKernels.GEMM_NT_F32, wide));
    fault(
        "a part left out",
        "reduce.cu",
        "for (int s = 0; s < p.splits; s++)",
        "for (int s = 1; s < p.splits; s++)",
        m -> GemmTest.deviation(m, CudaKernels.GEMM_NT_F16_64, split));
    var conv = new Conv2dTest.Sizes(2, 8, 9, 48, 32, 40, 3, 1, 1, 1, 1, "bias residual");
    fault(
        "rows of the picture run on",
        "conv2d.cu",
        "valid = k < p.p.k && (u32)y < (u32)p.height && (u32)x < (u32)p.width;",
        "valid = k < p.p.k && (u32)y < (u32)p.height && x >= 0;",
        m -> Conv2dTest.deviation(m, CudaKernels.CONV2D_F16_64, conv));
    fault(
        "taps transposed",
        "conv2d.cu",
        "int ky = tap / p.kernel_width, y = row.y + ky, x = row.x + tap - ky * p.kernel_width;",
        "int ky = tap / p.kernel_width, x = row.x + ky, y = row.y + tap - ky * p.kernel_width;",
        m -> Conv2dTest.deviation(m, CudaKernels.CONV2D_F16_128, conv));
    fault(
        "the second source",
        "conv2d.cu",
        "pixel * p.ldx2 + (c - p.channels1)",
        "pixel * p.ldx2 + c",
        m -> Conv2dTest.deviation(m, CudaKernels.CONV2D_F32, conv));
    fault(
        "zeros above taken for zeros at the left",
        "conv2d.cu",
        "oy * p.stride - p.pad_top",
        "oy * p.stride",
        m -> Conv2dTest.deviation(m, CudaKernels.CONV2D_F16_ANY, conv));
  }

  private void norms() {
    var joined = new Group(1, 64, 96, 64, 8, 3, 20, Op.UnaryFn.SILU);
    fault(
        "moments about zero",
        "group_norm.cu",
        "group_norm_load<T>(p, image, first, c, about);",
        "",
        m -> NormTest.groupNorm(m, DType.F32, new Group(1, 400, 64, 64, 8, 5, 3000, null)));
    fault(
        "no barrier before the parts are added",
        "group_norm.cu",
        "      sync_block();\n      if (works && line == 0) {",
        "      if (works && line == 0) {",
        m -> NormTest.groupNorm(m, DType.F16, joined));
    fault(
        "slabs merged without the distance of their means",
        "group_norm.cu",
        "+ d * d * count * width;",
        ";",
        m -> NormTest.groupNorm(m, DType.F32, new Group(1, 9, 8, 8, 2, 9, 0, null)));
    fault(
        "the second source",
        "group_norm.cu",
        "at * p.ldx2 + (c - p.channels1)",
        "at * p.ldx2 + c",
        m -> NormTest.groupNorm(m, DType.F16, joined));
    fault(
        "no activation",
        "group_norm.cu",
        "activate(p.fn, (v[j] - center[at])",
        "activate(FN_NONE, (v[j] - center[at])",
        m -> NormTest.groupNorm(m, DType.F16, joined));
    fault(
        "the mean of all numbers read",
        "layer_norm.cu",
        "warp_sum(sum) / p.n",
        "warp_sum(sum) / p.ldx",
        m -> NormTest.layerNorm(m, DType.F16, 5, 40, 8, 2));
    fault(
        "zeros beyond the row counted",
        "layer_norm.cu",
        "squares += j < count ? (v[j] - mean) * (v[j] - mean) : 0.f;",
        "squares += (v[j] - mean) * (v[j] - mean);",
        m -> NormTest.layerNorm(m, DType.F32, 5, 37, 0, 2));
    fault(
        "no barrier before parts are read",
        "softmax.cu",
        "  sync_block();\n  x = parts[0];",
        "  x = parts[0];",
        m -> NormTest.softmax(m, CudaKernels.SOFTMAX.f16(), 2, 4096, 0));
    fault(
        "zeros beyond the row counted",
        "softmax.cu",
        "sum += j < count ? expf(v[j] - top) : 0.f;",
        "sum += expf(v[j] - top);",
        m -> NormTest.softmax(m, CudaKernels.SOFTMAX.f32(), 2, 9, 0));
  }

  private void elementwise() {
    fault(
        "the tanh form",
        "geglu.cu",
        "0.5f * x * (1.f + erff(x * 0.70710678118654752f))",
        "0.5f * x * (1.f + tanhf(0.7978845608f * (x + 0.044715f * x * x * x)))",
        m -> ElementwiseTest.geglu(m, DType.F32, 17, 40));
    fault(
        "gate and value swapped",
        "geglu.cu",
        "v[j] *= gelu(gate[j]);",
        "v[j] = gate[j] * gelu(v[j]);",
        m -> ElementwiseTest.geglu(m, DType.F16, 17, 40));
    fault(
        "1.7 for 1.702",
        "unary.cu",
        "-1.702f",
        "-1.7f",
        m -> ElementwiseTest.unary(m, DType.F32, Op.UnaryFn.QUICK_GELU, 4096, 0));
    fault(
        "a tail written too far",
        "unary.cu",
        "v[j]);\n  store_some(static_cast<T*>(p.y) + i, v, count);",
        "v[j]);\n  store_some(static_cast<T*>(p.y) + i, v, 8);",
        m -> ElementwiseTest.unary(m, DType.F32, Op.UnaryFn.SILU, 4097, 0));
    fault(
        "a broadcast row",
        "binary.cu",
        "i1 % p.d1 * p.s1",
        "i1 * p.s1",
        m ->
            ElementwiseTest.binary(
                m,
                DType.F16,
                Op.BinaryFn.ADD,
                new int[] {2, 3, 4, 40},
                new boolean[] {true, false, true, false}));
    fault(
        "a row too short",
        "concat.cu",
        "row * p.ldy + c",
        "row * p.n + c",
        m -> ElementwiseTest.concat(m, DType.F16, 5, 8, 24));
    fault(
        "whole numbers for PyTorch's product",
        "upsample.cu",
        "(int)mul_rn((float)i, (float)in / (float)out)",
        "(int)((i64)i * in / out)",
        m -> {
          for (int out = 2; out < 200; out++) {
            var d = ElementwiseTest.upsample(m, DType.F32, 1, 1, 49, 1, 1, out);
            if (!d.ok()) {
              return d;
            }
          }
          return ElementwiseTest.upsample(m, DType.F32, 1, 1, 49, 1, 1, 200);
        });
    fault(
        "an id that is not looked at",
        "embedding.cu",
        "if ((u32)id < (u32)p.vocabulary) {",
        "if (id >= 0) {",
        m -> ElementwiseTest.embedding(m, DType.F16, 9, 40, 37));
    fault(
        "sines first",
        "timestep_embedding.cu",
        "(p.cosine_first != 0)",
        "(p.cosine_first == 0)",
        m -> ElementwiseTest.timesteps(m, DType.F16, 320, true, 0));
    fault(
        "the shift forgotten",
        "timestep_embedding.cu",
        "(half - (double)p.shift)",
        "(half - 0.)",
        m -> ElementwiseTest.timesteps(m, DType.F16, 32, false, 1));
    fault(
        "a cast that ends with the last whole chunk",
        "cast.cu",
        "p.n - i < 8 ? (int)(p.n - i) : 8",
        "8",
        m -> ElementwiseTest.cast(m, DType.F16, 1003, 0));
    fault(
        "a cast of every other chunk",
        "cast.cu",
        "threadIdx.x) * 8",
        "threadIdx.x) * 16",
        m -> ElementwiseTest.cast(m, DType.F32, 1000, 3));
  }

  private void editing() {
    fault(
        "a mask upside down",
        "latent.cu",
        "!load_byte(p.editable + cell)",
        "load_byte(p.editable + cell)",
        m -> EditingTest.update(m, DType.F32, 64, 4, new Update(true, true, true, false, 1)));
    fault(
        "paste after mask",
        "latent.cu",
        "if (from >= 0) y = load(visited",
        "if (from >= 0) y = load(p.visited",
        m -> EditingTest.update(m, DType.F16, 64, 4, new Update(true, true, true, false, 2)));
    fault(
        "velocity taken for noise",
        "latent.cu",
        "return velocity ? s.signal * output + s.noise * x : output;",
        "return output;",
        m -> EditingTest.recover(m, DType.F16, 37, 3, true));
    fault(
        "noise in our own order",
        "latent.cu",
        "c * p.cells + cell",
        "i",
        m -> EditingTest.noise(m, DType.F16, 30, 4, 3));
    fault(
        "a draw of another channel",
        "latent.cu",
        "(i64)c * p.draws + draw",
        "draw",
        m -> EditingTest.handle(m, 40, 4, 9));
    fault(
        "no number is white",
        "image.cu",
        "fminf(fmaxf(x, 0.f), 1.f)",
        "fmaxf(fminf(x, 1.f), 0.f)",
        m -> EditingTest.imageOut(m, DType.F32, 30, false, 0));
    fault(
        "the original everywhere",
        "image.cu",
        "load_byte(p.inside + i / 3)",
        "load_byte(p.inside)",
        m -> EditingTest.imageOut(m, DType.F16, 30, true, 0.5f));
    fault(
        "a fourth channel",
        "image.cu",
        "add_rn(mul_rn(level / 255.f, 2.f), -1.f) : 0.f",
        "add_rn(mul_rn(level / 255.f, 2.f), -1.f) : -1.f",
        m -> EditingTest.imageIn(m, DType.F16, 30, 8));
    fault(
        "cosine first",
        "philox_normal.cu",
        "first = s * sinf(v);\n  second = s * cosf(v);",
        "first = s * cosf(v);\n  second = s * sinf(v);",
        m -> EditingTest.normal(m, DType.F16, 1000, 0, 0, 2));
    fault(
        "nine rounds",
        "philox_normal.cu",
        "round < 10",
        "round < 9",
        m -> EditingTest.normal(m, DType.F32, 1000, 0, 0, 2));
  }

  /** A fault counts as found where numbers are wrong and where the shim stops the kernel. */
  @TestFactory
  Stream<DynamicTest> everyFaultIsFound() {
    return faults.stream()
        .map(f ->
            DynamicTest.dynamicTest(
                f.file + ": " + f.what,
                () -> {
                  var machine = Shim.damaged(f.file, f.from, f.to);
                  boolean passed;
                  try {
                    passed = f.check.apply(machine).ok();
                  } catch (Machine.FaultException stopped) {
                    passed = false;
                  }
                  assertFalse(passed, "not found");
                }));
  }

  @Test
  void everySourceHasAFault() {
    assertEquals(
        new TreeSet<>(CudaKernels.files()),
        faults.stream().map(Fault::file).collect(Collectors.toCollection(TreeSet::new)));
  }
}
