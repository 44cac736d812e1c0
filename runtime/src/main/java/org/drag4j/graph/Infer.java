package org.drag4j.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;

/** Shapes and costs of operations, from the shapes of their inputs. */
final class Infer {
  private Infer() {}

  /**
   * Shape of the operation's result.
   *
   * @throws IllegalArgumentException where the inputs do not fit
   */
  static Shape shape(Op op, String path, List<Shape> in) {
    if (op.arity() >= 0 && in.size() != op.arity()) {
      throw misfit(op, path, op.arity() + " inputs", in);
    }
    return switch (op) {
      case Op.Input _, Op.Weight _ ->
          throw new IllegalArgumentException(
              path + ": the shape of " + op + " is given, not found");
      case Op.Conv2d c -> conv2d(c, path, in);
      case Op.Linear l -> {
        var w = in.get(1);
        if (w.rank() != 2 || in.get(0).dim(-1) != w.dim(1)) {
          throw misfit(op, path, "x [.., I] and w [O, I]", in);
        }
        bias(l.bias(), op, path, w.dim(0), in);
        yield in.get(0).withLast(w.dim(0));
      }
      case Op.GroupNorm g -> {
        int c = in.get(0).dim(-1);
        if (c % g.groups() != 0) {
          throw misfit(op, path, "channels divisible by " + g.groups(), in);
        }
        yield norm(op, path, in);
      }
      case Op.LayerNorm _ -> norm(op, path, in);
      case Op.Attention a -> attention(a, path, in);
      case Op.Unary _ -> in.get(0);
      case Op.Binary _ -> {
        if (!broadcasts(in.get(1), in.get(0))) {
          throw misfit(op, path, "a second operand that broadcasts to the first", in);
        }
        yield in.get(0);
      }
      case Op.Geglu _ -> {
        if (in.get(0).dim(-1) % 2 != 0) {
          throw misfit(op, path, "an even last dimension", in);
        }
        yield in.get(0).withLast(in.get(0).dim(-1) / 2);
      }
      case Op.Concat _ -> {
        int last = 0;
        for (var s : in) {
          if (s.rank() != in.get(0).rank() || !s.withLast(0).equals(in.get(0).withLast(0))) {
            throw misfit(op, path, "shapes that differ in the last dimension only", in);
          }
          last += s.dim(-1);
        }
        yield in.get(0).withLast(last);
      }
      case Op.Reshape r -> {
        if (r.shape().size() != in.get(0).size()) {
          throw misfit(op, path, "as many elements", in);
        }
        yield r.shape();
      }
      case Op.Upsample u -> {
        if (in.get(0).rank() != 4) {
          throw misfit(op, path, "x [N, H, W, C]", in);
        }
        yield in.get(0).with(1, u.height()).with(2, u.width());
      }
      case Op.Embedding _ -> {
        var dims = new ArrayList<>(in.get(0).dims());
        dims.add(in.get(1).dim(1));
        yield new Shape(dims);
      }
      case Op.TimestepEmbedding t -> Shape.of(in.get(0).dim(0), t.dim());
      case Op.Cast _ -> in.get(0);
      case Op.Fused(var body, var then) -> {
        int used = body.arity();
        var y = shape(body, path, in.subList(0, used));
        for (var stage : then) {
          y =
              stage instanceof Op.Binary
                  ? shape(stage, path, List.of(y, in.get(used++)))
                  : shape(stage, path, List.of(y));
        }
        yield y;
      }
    };
  }

  /**
   * Arithmetic and compulsory traffic of one node.
   *
   * @param weights the type in which a weight is stored
   */
  static Cost cost(Value y, Function<Param, DType> weights) {
    if (y.op() instanceof Op.Input || y.op() instanceof Op.Weight || y.op() instanceof Op.Reshape) {
      return Cost.ZERO;
    }
    long bytes = bytes(y, y.dtype());
    for (var v : y.inputs()) {
      var dtype = v.root().op() instanceof Op.Weight(var param) ? weights.apply(param) : v.dtype();
      // A table costs only the rows that are picked, as many as the result has.
      boolean table = y.op() instanceof Op.Embedding && v.equals(y.in(1));
      bytes += bytes(table ? y : v, dtype);
    }
    return new Cost(flops(y.op(), y), bytes);
  }

  private static long flops(Op op, Value y) {
    long n = y.shape().size();
    return switch (op) {
      case Op.Input _, Op.Weight _, Op.Reshape _, Op.Cast _, Op.Move _ -> 0;
      case Op.Conv2d _ -> {
        var w = y.in(1).shape();
        yield 2 * n * w.dim(1) * w.dim(2) * w.dim(3);
      }
      case Op.Linear _ -> {
        var x = y.in(0).shape();
        yield 2 * (x.size() / Math.max(1, x.dim(-1))) * y.in(1).shape().size();
      }
      case Op.Attention _ -> 4 * n * y.in(1).shape().dim(1);
      case Op.GroupNorm _, Op.LayerNorm _, Op.Geglu _ -> 8 * n;
      case Op.Unary _, Op.TimestepEmbedding _ -> 4 * n;
      case Op.Binary _ -> n;
      case Op.Fused(var body, var then) -> {
        long sum = flops(body, y);
        for (var stage : then) {
          sum += flops(stage, y);
        }
        yield sum;
      }
    };
  }

  private static long bytes(Value v, DType dtype) {
    return v.shape().size() * dtype.bytes();
  }

  private static Shape conv2d(Op.Conv2d c, String path, List<Shape> in) {
    var x = in.get(0);
    var w = in.get(1);
    if (x.rank() != 4 || w.rank() != 4 || x.dim(3) != w.dim(3)) {
      throw misfit(c, path, "x [N, H, W, I] and w [O, kh, kw, I]", in);
    }
    int h = x.dim(1) + c.padBefore() + c.padAfter() - w.dim(1);
    int width = x.dim(2) + c.padBefore() + c.padAfter() - w.dim(2);
    if (h < 0 || width < 0) {
      throw misfit(c, path, "an image at least as large as the kernel", in);
    }
    bias(c.bias(), c, path, w.dim(0), in);
    return Shape.of(x.dim(0), h / c.stride() + 1, width / c.stride() + 1, w.dim(0));
  }

  private static Shape norm(Op op, String path, List<Shape> in) {
    var scale = Shape.of(in.get(0).dim(-1));
    if (!in.get(1).equals(scale) || !in.get(2).equals(scale)) {
      throw misfit(op, path, "scale and shift " + scale, in);
    }
    return in.get(0);
  }

  private static Shape attention(Op.Attention a, String path, List<Shape> in) {
    var q = in.get(0);
    var k = in.get(1);
    if (q.rank() != 3
        || !k.equals(in.get(2))
        || k.rank() != 3
        || q.dim(0) != k.dim(0)
        || q.dim(2) != k.dim(2)
        || q.dim(2) % a.heads() != 0) {
      throw misfit(a, path, "q [N, T, heads*D], k and v [N, S, heads*D]", in);
    }
    return q;
  }

  private static void bias(boolean has, Op op, String path, int out, List<Shape> in) {
    if (has && !in.get(2).equals(Shape.of(out))) {
      throw misfit(op, path, "a bias [" + out + "]", in);
    }
  }

  /** Whether {@code b}, aligned at its last dimension, is 1 or equal to {@code a} everywhere. */
  private static boolean broadcasts(Shape b, Shape a) {
    if (b.rank() > a.rank()) {
      return false;
    }
    for (int i = 1; i <= b.rank(); i++) {
      if (b.dim(-i) != 1 && b.dim(-i) != a.dim(-i)) {
        return false;
      }
    }
    return true;
  }

  /** Element type of the result: the first input's, unless the operation sets another. */
  static DType dtype(Op op, List<Value> in) {
    return switch (op) {
      case Op.Embedding _ -> DType.F32;
      case Op.Cast(var to) -> to;
      default -> in.get(0).dtype();
    };
  }

  private static IllegalArgumentException misfit(
      Op op, String path, String expected, List<Shape> in) {
    return new IllegalArgumentException(
        path + ": " + op + ": expected " + expected + ", got " + in);
  }
}
