package org.drag4j.kernels.cuda.kernel;

import java.util.ArrayList;
import java.util.List;
import org.drag4j.graph.Op;
import org.drag4j.kernels.cuda.kernel.Buffer.Format;
import org.drag4j.reference.Meaning;
import org.jspecify.annotations.Nullable;

/**
 * Bias and epilogue of a product, for the kernel and in double. A specification is words: {@code
 * bias}, an activation, {@code residual} (a sum with the result's own shape), {@code shift} (a sum
 * with a row for every five), {@code scale} (a product with one row for all).
 */
final class Finish {
  private final int n;
  private final @Nullable Buffer bias;
  private final List<Epilogue.Stage> stages = new ArrayList<>();
  private final List<Buffer> buffers = new ArrayList<>();
  private final List<Exact> exact = new ArrayList<>();

  private interface Exact {
    double apply(double x, int row, int column);
  }

  Finish(String words, Format format, int m, int n) {
    this.n = n;
    var list = new ArrayList<>(List.of(words.strip().split(" +", -1)));
    bias = list.remove("bias") ? Buffer.normal(format, n, 71) : null;
    for (var word : list) {
      switch (word) {
        case "" -> {}
        case "silu" -> unary(Op.UnaryFn.SILU);
        case "gelu" -> unary(Op.UnaryFn.GELU);
        case "quick_gelu" -> unary(Op.UnaryFn.QUICK_GELU);
        case "residual" -> binary(Op.BinaryFn.ADD, format, 1, m);
        case "shift" -> binary(Op.BinaryFn.ADD, format, 5, Math.ceilDiv(m, 5));
        case "scale" -> binary(Op.BinaryFn.MUL, format, 1, 1);
        default -> throw new IllegalArgumentException(word);
      }
    }
  }

  private void unary(Op.UnaryFn fn) {
    stages.add(Epilogue.Stage.of(fn));
    exact.add((x, _, _) -> Meaning.EXACT.unary(fn, x));
  }

  private void binary(Op.BinaryFn fn, Format format, int repeat, int rows) {
    var operand = Buffer.normal(format, rows * n, 72 + stages.size());
    buffers.add(operand);
    stages.add(Epilogue.Stage.of(fn, operand.address(), repeat, rows));
    exact.add((x, row, column) ->
        Meaning.EXACT.binary(fn, x, operand.get((long) (row / repeat % rows) * n + column)));
  }

  long biasAddress() {
    return bias == null ? 0 : bias.address();
  }

  Epilogue epilogue() {
    return Epilogue.of(stages);
  }

  /** Every buffer the kernel reads, with these. */
  Buffer[] with(Buffer... others) {
    var all = new ArrayList<>(buffers);
    all.addAll(List.of(others));
    if (bias != null) {
      all.add(bias);
    }
    return all.toArray(Buffer[]::new);
  }

  double apply(double sum, int row, int column) {
    double x = bias == null ? sum : sum + bias.get(column);
    for (var stage : exact) {
      x = stage.apply(x, row, column);
    }
    return x;
  }
}
