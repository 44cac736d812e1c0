package org.drag4j.graph;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;

/**
 * The closed vocabulary of operations. Activations are channels-last; a convolution's weight is
 * {@code [O, kh, kw, I]}, a linear layer's {@code [O, I]}.
 */
public sealed interface Op {
  /** A tensor the caller provides before each run. */
  record Input(String name) implements Op {}

  /** A tensor of the checkpoint, in the order of {@link Param#shape}. */
  record Weight(Param param) implements Op {}

  /**
   * 2-D convolution of {@code x [N, H, W, I]} with {@code w [O, kh, kw, I]} and, where {@code
   * bias}, {@code b [O]}. Zeros surround the image: {@code padBefore} above and left, {@code
   * padAfter} below and right.
   */
  record Conv2d(int stride, int padBefore, int padAfter, boolean bias) implements Op {}

  /** {@code x [.., I]} times {@code w [O, I]} transposed, plus {@code b [O]} where {@code bias}. */
  record Linear(boolean bias) implements Op {}

  /**
   * Normalises {@code x [N, .., C]} over space and each group of channels; inputs x, scale, shift.
   */
  record GroupNorm(int groups, float eps) implements Op {}

  /** Normalises {@code x [.., C]} over its last dimension; inputs x, scale, shift. */
  record LayerNorm(float eps) implements Op {}

  /**
   * Scaled dot-product attention: q {@code [N, T, heads*D]}, k and v {@code [N, S, heads*D]}, scale
   * {@code 1/sqrt(D)}; with {@code causal} a query sees no later key.
   */
  record Attention(int heads, boolean causal) implements Op {}

  /** An elementwise function. */
  record Unary(UnaryFn fn) implements Op {}

  /** {@code GELU} is the exact form with erf, {@code QUICK_GELU} is {@code x*sigmoid(1.702x)}. */
  enum UnaryFn {
    SILU,
    GELU,
    QUICK_GELU
  }

  /** An elementwise function of {@code a} and {@code b}; b is broadcast to a's shape. */
  record Binary(BinaryFn fn) implements Op {}

  /** Functions of two operands. */
  enum BinaryFn {
    ADD,
    MUL
  }

  /** {@code x [.., 2C]}: its first half times the GELU of its second half. diffusers: GEGLU. */
  record Geglu() implements Op {}

  /** Moves numbers and changes none, so that every right kernel gives the same bits. */
  sealed interface Move extends Op {}

  /** Joins values along the last dimension. */
  record Concat() implements Move {}

  /** The same elements in the same order under another shape. */
  record Reshape(Shape shape) implements Op {}

  /** Nearest-neighbour resize of {@code [N, H, W, C]} to height by width. */
  record Upsample(int height, int width) implements Move {}

  /** Rows of {@code table [V, C]} picked by {@code ids [N, T]} (I32). */
  record Embedding() implements Move {
    /**
     * Checks an index before a kernel reads the row it names.
     *
     * @param node the operation with its inputs
     * @param position of the index among all
     * @throws IllegalArgumentException where the table has no such row
     */
    public static void check(Value node, int position, int id) {
      int rows = node.in(1).shape().dim(0);
      if (id < 0 || id >= rows) {
        throw new IllegalArgumentException(
            node.path()
                + ": expected indices 0 to "
                + (rows - 1)
                + ", got "
                + id
                + " at position "
                + position);
      }
    }
  }

  /**
   * Sinusoidal embedding of {@code t [N]} to {@code [N, dim]}, cosines first where {@code
   * flipSinToCos}. diffusers: {@code get_timestep_embedding}.
   */
  record TimestepEmbedding(int dim, boolean flipSinToCos, float freqShift) implements Op {}

  /** The same numbers rounded to another floating-point type, F32 or F16. */
  record Cast(DType to) implements Op {
    public Cast {
      if (to != DType.F32 && to != DType.F16) {
        throw new IllegalArgumentException("cast: expected F32 or F16, got " + to);
      }
    }
  }

  /**
   * {@code body}, then each elementwise operation, or {@link Geglu}, of {@code then} on its result;
   * each binary one takes the next input after the body's. Made by fusion, never by a network, so
   * every fused kernel has a plain form.
   */
  record Fused(Op body, List<Op> then) implements Op {
    public Fused {
      then = List.copyOf(then);
    }
  }

  /** The operation without those fused after it. */
  default Op body() {
    return this;
  }

  /** Short name, as kernels, fusions and options spell it: {@code group_norm}. */
  default String label() {
    return this instanceof Fused(var body, var _) ? body.label() : label(getClass());
  }

  private static String label(Class<?> op) {
    return op.getSimpleName().replaceAll("(?<=.)(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
  }

  /** Labels of the operations that devices have kernels for, in alphabetical order. */
  static List<String> labels() {
    var without = Set.of(Input.class, Weight.class, Reshape.class, Fused.class);
    return kinds(Op.class).filter(op -> !without.contains(op)).map(Op::label).sorted().toList();
  }

  private static Stream<Class<?>> kinds(Class<?> op) {
    return op.isSealed()
        ? Stream.of(op.getPermittedSubclasses()).flatMap(Op::kinds)
        : Stream.of(op);
  }

  /** Number of inputs, or -1 where any number from 2 up will do. */
  default int arity() {
    return switch (this) {
      case Input _, Weight _ -> 0;
      case Conv2d c -> c.bias() ? 3 : 2;
      case Linear l -> l.bias() ? 3 : 2;
      case GroupNorm _, LayerNorm _, Attention _ -> 3;
      case Unary _, Geglu _, Reshape _, Upsample _, TimestepEmbedding _, Cast _ -> 1;
      case Binary _, Embedding _ -> 2;
      case Concat _ -> -1;
      case Fused(var body, var then) ->
          body.arity() + (int) then.stream().filter(Binary.class::isInstance).count();
    };
  }
}
