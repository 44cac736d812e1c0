package org.drag4j.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Shapes that operations give, and shapes they refuse. */
class InferTest {
  private record Fits(Op op, Shape result, List<Shape> in) {}

  private record Misfits(Op op, String expected, List<Shape> in) {}

  private static final Op CONV = new Op.Conv2d(1, 1, 1, true);

  @TestFactory
  Stream<DynamicTest> shapes() {
    return Stream.of(
            fits(CONV, s(2, 8, 6, 5), s(2, 8, 6, 3), s(5, 3, 3, 3), s(5)),
            fits(new Op.Conv2d(2, 1, 1, false), s(1, 4, 3, 5), s(1, 8, 6, 3), s(5, 3, 3, 3)),
            fits(new Op.Conv2d(2, 0, 1, false), s(1, 4, 3, 5), s(1, 8, 7, 3), s(5, 3, 3, 3)),
            fits(new Op.Conv2d(1, 0, 0, false), s(1, 6, 4, 5), s(1, 8, 6, 3), s(5, 3, 3, 3)),
            fits(new Op.Linear(true), s(2, 7, 5), s(2, 7, 3), s(5, 3), s(5)),
            fits(new Op.Linear(false), s(5), s(3), s(5, 3)),
            fits(new Op.GroupNorm(2, 1e-5f), s(1, 2, 2, 4), s(1, 2, 2, 4), s(4), s(4)),
            fits(new Op.LayerNorm(1e-5f), s(1, 2, 4), s(1, 2, 4), s(4), s(4)),
            fits(new Op.Attention(2, false), s(1, 3, 8), s(1, 3, 8), s(1, 5, 8), s(1, 5, 8)),
            fits(new Op.Geglu(), s(1, 3), s(1, 6)),
            fits(new Op.Concat(), s(1, 2, 9), s(1, 2, 3), s(1, 2, 4), s(1, 2, 2)),
            fits(new Op.Reshape(s(6)), s(6), s(1, 2, 3)),
            fits(new Op.Upsample(4, 5), s(1, 4, 5, 3), s(1, 2, 3, 3)),
            fits(new Op.Embedding(), s(2, 7, 4), s(2, 7), s(100, 4)),
            fits(new Op.TimestepEmbedding(32, true, 0), s(3, 32), s(3)),
            fits(new Op.Binary(Op.BinaryFn.ADD), s(2, 3, 4), s(2, 3, 4), s(3, 1)),
            fits(new Op.Unary(Op.UnaryFn.SILU), s(2, 3), s(2, 3)),
            fits(
                new Op.Fused(
                    new Op.Linear(true),
                    List.of(new Op.Unary(Op.UnaryFn.GELU), new Op.Binary(Op.BinaryFn.ADD))),
                s(2, 5),
                s(2, 3),
                s(5, 3),
                s(5),
                s(2, 5)))
        .map(f ->
            DynamicTest.dynamicTest(
                f.op() + " of " + f.in(),
                () -> assertEquals(f.result(), Infer.shape(f.op(), "at", f.in()))));
  }

  @TestFactory
  Stream<DynamicTest> refusals() {
    return Stream.of(
            misfits(CONV, "3 inputs", s(1, 8, 8, 3), s(5, 3, 3, 3)),
            misfits(CONV, "x [N, H, W, I]", s(8, 8, 3), s(5, 3, 3, 3), s(5)),
            misfits(CONV, "x [N, H, W, I]", s(1, 8, 8, 4), s(5, 3, 3, 3), s(5)),
            misfits(CONV, "a bias [5]", s(1, 8, 8, 3), s(5, 3, 3, 3), s(4)),
            misfits(
                new Op.Conv2d(1, 0, 0, false),
                "at least as large as the kernel",
                s(1, 2, 8, 3),
                s(5, 3, 3, 3)),
            misfits(new Op.Linear(false), "x [.., I] and w [O, I]", s(2, 3), s(3, 5)),
            misfits(new Op.Linear(false), "x [.., I] and w [O, I]", s(2, 3), s(3)),
            misfits(new Op.Linear(true), "a bias [5]", s(2, 3), s(5, 3), s(5, 1)),
            misfits(new Op.GroupNorm(3, 0), "channels divisible by 3", s(1, 4), s(4), s(4)),
            misfits(new Op.GroupNorm(2, 0), "scale and shift [4]", s(1, 4), s(4), s(2)),
            misfits(new Op.LayerNorm(0), "scale and shift [4]", s(1, 4), s(1, 4), s(4)),
            misfits(
                new Op.Attention(2, false),
                "q [N, T, heads*D]",
                s(1, 3, 8),
                s(1, 5, 8),
                s(1, 4, 8)),
            misfits(
                new Op.Attention(3, false),
                "q [N, T, heads*D]",
                s(1, 3, 8),
                s(1, 5, 8),
                s(1, 5, 8)),
            misfits(
                new Op.Attention(2, false),
                "q [N, T, heads*D]",
                s(2, 3, 8),
                s(1, 5, 8),
                s(1, 5, 8)),
            misfits(new Op.Binary(Op.BinaryFn.MUL), "broadcasts to the first", s(2, 3), s(2, 1, 3)),
            misfits(new Op.Binary(Op.BinaryFn.MUL), "broadcasts to the first", s(2, 1), s(2, 3)),
            misfits(new Op.Geglu(), "an even last dimension", s(1, 7)),
            misfits(new Op.Concat(), "the last dimension only", s(1, 2, 3), s(2, 1, 3)),
            misfits(new Op.Concat(), "the last dimension only", s(2, 3), s(1, 2, 3)),
            misfits(new Op.Reshape(s(7)), "as many elements", s(2, 3)),
            misfits(new Op.Upsample(4, 4), "x [N, H, W, C]", s(2, 2, 3)))
        .map(m ->
            DynamicTest.dynamicTest(
                m.op() + " of " + m.in(),
                () -> {
                  var e =
                      assertThrows(
                          IllegalArgumentException.class,
                          () -> Infer.shape(m.op(), "mid.conv", m.in()));
                  var message = String.valueOf(e.getMessage());
                  assertTrue(message.startsWith("mid.conv: "), message);
                  assertTrue(
                      message.contains("expected ") && message.contains(m.expected()), message);
                  assertTrue(message.contains("got " + m.in()), message);
                }));
  }

  @Test
  void costsCountMultiplyAddsTwiceAndEveryOperandOnce() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", s(2, 8, 8, 16), DType.F32);
    var w = g.weight(Param.filter("w", 32, 3, 3, 16));
    var y = g.node(new Op.Conv2d(1, 1, 1, false), "conv", x, w);
    assertEquals(2L * 2 * 8 * 8 * 32 * 3 * 3 * 16, y.cost().flops());
    assertEquals(4L * (2 * 8 * 8 * 16 + 32 * 3 * 3 * 16 + 2 * 8 * 8 * 32), y.cost().bytes());
    assertEquals(Cost.ZERO, y.reshape(2, 64, 32).cost());
    assertEquals(Cost.ZERO, x.cost());

    var q = g.input("q", s(1, 10, 64), DType.F32);
    var k = g.input("k", s(1, 30, 64), DType.F32);
    var a = g.node(new Op.Attention(4, false), "attention", q, k, k);
    assertEquals(2L * 2 * 10 * 30 * 64, a.cost().flops());
    assertEquals(new Cost(3, 5), new Cost(1, 2).plus(new Cost(2, 3)));
  }

  @Test
  void rowsPickedByIntegersAreFloats() {
    var g = new Graph(Hook.NONE);
    var ids = g.input("ids", s(1, 7), DType.I32);
    assertEquals(DType.I32, ids.reshape(7, 1).dtype());
    assertEquals(
        DType.F32, g.node(new Op.Embedding(), "e", ids, g.weight(Param.of("w", s(9, 4)))).dtype());
  }

  private static Shape s(int... dims) {
    return Shape.of(dims);
  }

  private static Fits fits(Op op, Shape result, Shape... in) {
    return new Fits(op, result, List.of(in));
  }

  private static Misfits misfits(Op op, String expected, Shape... in) {
    return new Misfits(op, expected, List.of(in));
  }
}
