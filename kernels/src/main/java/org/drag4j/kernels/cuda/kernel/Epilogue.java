package org.drag4j.kernels.cuda.kernel;

import java.util.List;
import org.drag4j.graph.Op;

/**
 * What is done to a result while it is in registers; the fields are those of the struct in {@code
 * epilogue.cuh}, addresses as longs.
 */
public record Epilogue(
    long operand0,
    long operand1,
    long operand2,
    int fn0,
    int fn1,
    int fn2,
    int repeat0,
    int repeat1,
    int repeat2,
    int rows0,
    int rows1,
    int rows2) {
  /** The most stages there can be. */
  public static final int MAX_STAGES = 3;

  /** The kernels' number for no function. */
  public static final int FN_NONE = 0;

  private static final Stage NO_STAGE = new Stage(0, FN_NONE, 1, 1);

  /** No stage. */
  public static final Epilogue NONE = of(List.of());

  /**
   * One stage: an activation, or a sum or product with an operand {@code [rows, n]} of which row r
   * of the result takes row {@code r / repeat % rows}.
   */
  public record Stage(long operand, int fn, int repeat, int rows) {
    /** An activation. */
    public static Stage of(Op.UnaryFn fn) {
      return new Stage(0, number(fn), 1, 1);
    }

    /** A sum or product. */
    public static Stage of(Op.BinaryFn fn, long operand, int repeat, int rows) {
      return new Stage(operand, number(fn), repeat, rows);
    }
  }

  /**
   * These stages, in order.
   *
   * @throws IllegalArgumentException if there are more than {@link #MAX_STAGES}
   */
  public static Epilogue of(List<Stage> stages) {
    if (stages.size() > MAX_STAGES) {
      throw new IllegalArgumentException(
          "epilogue: expected at most "
              + MAX_STAGES
              + " stages, got "
              + stages.size()
              + "; leave the others to kernels of their own");
    }
    var a = stages.isEmpty() ? NO_STAGE : stages.get(0);
    var b = stages.size() < 2 ? NO_STAGE : stages.get(1);
    var c = stages.size() < 3 ? NO_STAGE : stages.get(2);
    return new Epilogue(
        a.operand, b.operand, c.operand, a.fn, b.fn, c.fn, a.repeat, b.repeat, c.repeat, a.rows,
        b.rows, c.rows);
  }

  /** The kernels' number for a function. */
  public static int number(Op.UnaryFn fn) {
    return switch (fn) {
      case SILU -> 1;
      case GELU -> 2;
      case QUICK_GELU -> 3;
    };
  }

  /** The kernels' number for a function. */
  public static int number(Op.BinaryFn fn) {
    return switch (fn) {
      case ADD -> 4;
      case MUL -> 5;
    };
  }
}
