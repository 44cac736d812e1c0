package org.drag4j.kernels.cuda.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.drag4j.graph.Op;
import org.drag4j.kernels.cuda.kernel.Buffer.Format;
import org.drag4j.reference.Meaning;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Fused attention against softmax in double precision. */
final class AttentionTest {
  /** Where keys and values come from. */
  enum From {
    /** The call's own, out of one packed projection of queries, keys and values. */
    OWN,
    /** The bank, at a step the device knows. */
    BANK,
    /** The bank or the call's own, token by token. */
    SELECTED
  }

  /**
   * A call.
   *
   * @param extra keys of the second set; 0 for none
   * @param shift how many numbers off a multiple of 16 bytes everything is
   * @param loudness of the queries: large scores put all weight on few keys
   */
  record Call(
      int images,
      int heads,
      int queries,
      int keys,
      int dim,
      boolean causal,
      From from,
      int extra,
      int shift,
      double loudness) {
    static Call of(int images, int heads, int queries, int keys, int dim) {
      return new Call(images, heads, queries, keys, dim, false, From.OWN, 0, 0, 1);
    }

    Call withCausal() {
      return new Call(images, heads, queries, keys, dim, true, from, extra, shift, loudness);
    }

    Call withFrom(From other) {
      return new Call(images, heads, queries, keys, dim, causal, other, extra, shift, loudness);
    }

    Call withExtra(int count) {
      return new Call(images, heads, queries, keys, dim, causal, from, count, shift, loudness);
    }

    Call withShift(int numbers) {
      return new Call(images, heads, queries, keys, dim, causal, from, extra, numbers, loudness);
    }

    Call withLoudness(double factor) {
      return new Call(images, heads, queries, keys, dim, causal, from, extra, shift, factor);
    }
  }

  private static final float WEIGHT = 0.5f;
  private static final int STEPS = 3;
  private static final int STEP = 2;

  /** The buffers of a call and what is known of them. */
  private static final class Run {
    final Call c;
    final Format format;
    final int width;
    final int ld;
    final int rows;
    final Buffer own;
    final Buffer bank;
    final Buffer extra;
    final Buffer select;
    final Buffer step = Buffer.of(Format.I32, 1, _ -> STEP);
    final Buffer y;

    Run(Call c, Format format) {
      this.c = c;
      this.format = format;
      width = c.heads * c.dim;
      // Rows are a little longer than they need be; 16 bytes, or an odd number of numbers.
      ld = 3 * width + (c.shift == 0 ? 8 : 3);
      rows = Math.max(c.queries, c.keys);
      own = Buffer.normal(format, c.images * rows * ld, c.shift, 1, 1);
      bank = Buffer.normal(format, STEPS * c.images * c.keys * 2 * width, c.shift, 2, 1);
      extra = Buffer.normal(format, Math.max(1, c.images * c.extra * 2 * width), c.shift, 3, 1);
      var r = new SplittableRandom(4);
      select = Buffer.of(Format.U8, c.keys, _ -> r.nextInt(2));
      y = Buffer.room(format, c.images * c.queries * width, c.shift);
    }

    AttentionArgs args() {
      var mine = set(own, width, 2 * width, (long) rows * ld, ld, c.keys);
      var banked = set(bank, 0, width, (long) c.keys * 2 * width, 2 * width, c.keys);
      var second =
          c.extra == 0
              ? new KeySet(0, 0, 0, 0, 0, 0, 0, 0)
              : set(extra, 0, width, (long) c.extra * 2 * width, 2 * width, c.extra);
      return new AttentionArgs(
          own.address(),
          y.address(),
          c.from == From.SELECTED ? select.address() : 0,
          c.from == From.OWN ? 0 : step.address(),
          (long) c.images * c.keys * 2 * width,
          (long) rows * ld,
          (long) c.queries * width,
          c.from == From.BANK ? banked : mine,
          second,
          banked,
          c.queries,
          ld,
          width,
          c.dim,
          c.causal ? 1 : 0,
          c.heads,
          c.images,
          (float) (c.loudness / Math.sqrt(c.dim) / Math.log(2)));
    }

    private static KeySet set(Buffer b, int k, int v, long batch, int ld, int count) {
      return new KeySet(b.address(k), b.address(v), batch, batch, ld, ld, count, WEIGHT);
    }

    Buffer[] buffers() {
      return new Buffer[] {own, bank, extra, select, step, y};
    }

    double[] exact() {
      var q = new double[c.images * c.queries * width];
      var keys = new double[2][c.images * c.keys * width];
      for (int n = 0; n < c.images; n++) {
        for (int t = 0; t < c.queries; t++) {
          for (int i = 0; i < width; i++) {
            q[(n * c.queries + t) * width + i] =
                c.loudness * own.get((long) (n * rows + t) * ld + i);
          }
        }
        for (int s = 0; s < c.keys; s++) {
          boolean banked = c.from == From.BANK || (c.from == From.SELECTED && select.get(s) != 0);
          int at =
              banked
                  ? ((STEP * c.images + n) * c.keys + s) * 2 * width
                  : (n * rows + s) * ld + width;
          for (int i = 0; i < 2 * width; i++) {
            keys[i / width][(n * c.keys + s) * width + i % width] =
                (banked ? bank : own).get(at + i);
          }
        }
      }
      var queries = new Meaning.Operand(Shape.of(c.images, c.queries, width), q);
      var shape = Shape.of(c.images, c.keys, width);
      var out =
          Meaning.EXACT.of(
              new Op.Attention(c.heads, c.causal),
              queries,
              new Meaning.Operand(shape, keys[0]),
              new Meaning.Operand(shape, keys[1]));
      if (c.extra > 0) {
        var more = Shape.of(c.images, c.extra, width);
        var second =
            Meaning.EXACT.of(
                new Op.Attention(c.heads, false),
                queries,
                extra.rows(more, 0, 2 * width),
                extra.rows(more, width, 2 * width));
        Arrays.setAll(out, i -> out[i] + WEIGHT * second[i]);
      }
      return out;
    }
  }

  static Deviation deviation(Machine machine, DType type, Call c) {
    var run = new Run(c, type == DType.F16 ? Format.F16 : Format.F32);
    machine.run(CudaKernels.attention(type, run.args()), run.args(), run.buffers());
    return type == DType.F16
        ? Deviation.of(run.format, run.exact(), run.y.values())
        : Deviation.of(4e-6, 2e-5, run.exact(), run.y.values());
  }

  private static void check(DType type, Call c) {
    var d = deviation(Shim.original(), type, c);
    assertTrue(d.ok(), () -> type + " " + c + ": " + d);
  }

  private static CudaKernel<AttentionArgs> kernel(Call c) {
    return CudaKernels.attention(DType.F16, new Run(c, Format.F16).args());
  }

  @Test
  void everyVariantIsChosenWhereItFits() {
    var names = new ArrayList<String>();
    for (int d : List.of(40, 64, 80, 160)) {
      var c = Call.of(1, 2, 3, 64, d);
      names.add(kernel(c).name());
      names.add(kernel(Call.of(1, 2, 3, 77, d)).name());
      names.add(kernel(c.withShift(1)).name());
      assertEquals(kernel(c.withCausal()), kernel(c.withExtra(3)));
      assertEquals(kernel(c.withCausal()), kernel(c.withFrom(From.SELECTED)));
      assertEquals(kernel(c), kernel(c.withFrom(From.BANK)));
    }
    names.add(CudaKernels.ATTENTION_F32_64.name());
    names.add(CudaKernels.ATTENTION_F32_160.name());
    var all =
        CudaKernels.all().stream()
            .map(CudaKernel::name)
            .filter(n -> n.startsWith("attention"))
            .toList();
    assertEquals(all, names);
  }

  /** The UNet's self-attention, smaller: whole tiles, exact head sizes. */
  @Test
  void selfAttention() {
    check(DType.F16, Call.of(2, 2, 256, 256, 40));
    check(DType.F16, Call.of(1, 2, 128, 128, 64));
    check(DType.F16, Call.of(1, 2, 128, 128, 80));
    check(DType.F16, Call.of(1, 2, 64, 96, 160));
    check(DType.F16, Call.of(1, 1, 130, 64, 40));
  }

  @Test
  void crossAttention() {
    for (int dim : List.of(40, 64, 80, 160)) {
      check(DType.F16, Call.of(1, 2, 100, 77, dim));
    }
  }

  @Test
  void textEncoder() {
    check(DType.F16, Call.of(2, 3, 77, 77, 64).withCausal());
    check(DType.F16, Call.of(1, 1, 200, 200, 40).withCausal());
    check(DType.F16, Call.of(1, 1, 70, 70, 160).withCausal());
    check(DType.F32, Call.of(2, 3, 77, 77, 64).withCausal());
  }

  @Test
  void bankAtTheStepTheDeviceKnows() {
    for (int dim : List.of(40, 80, 160)) {
      check(DType.F16, Call.of(1, 2, 64, 64, dim).withFrom(From.BANK));
    }
    check(DType.F16, Call.of(2, 2, 50, 77, 64).withFrom(From.BANK));
    check(DType.F32, Call.of(2, 2, 50, 77, 40).withFrom(From.BANK));
  }

  @Test
  void tokensFromTheBank() {
    for (int dim : List.of(40, 64, 80, 160, 24)) {
      check(DType.F16, Call.of(2, 2, 64, 100, dim).withFrom(From.SELECTED));
    }
    check(DType.F32, Call.of(2, 2, 64, 100, 80).withFrom(From.SELECTED));
  }

  @Test
  void textAndImageTokens() {
    for (int dim : List.of(40, 64, 80, 160)) {
      check(DType.F16, Call.of(1, 2, 64, 77, dim).withExtra(32));
    }
    check(DType.F16, Call.of(2, 1, 33, 77, 40).withExtra(257));
    // The extra tokens have no order.
    check(DType.F16, Call.of(1, 2, 70, 70, 64).withCausal().withExtra(200));
    check(DType.F32, Call.of(1, 2, 70, 70, 64).withCausal().withExtra(200));
    check(DType.F16, Call.of(1, 2, 20, 77, 20).withExtra(4));
    check(DType.F32, Call.of(2, 2, 33, 77, 40).withExtra(32));
  }

  /** Injecting from the bank is the same as copying its keys and values first, to the bit. */
  @Test
  void theBankIsAsGoodAsACopy() {
    for (int dim : List.of(40, 80, 160)) {
      var banked = new Run(Call.of(1, 2, 64, 64, dim).withFrom(From.BANK), Format.F16);
      Shim.original()
          .run(CudaKernels.attention(DType.F16, banked.args()), banked.args(), banked.buffers());
      int size = 64 * 2 * banked.width;
      var copy = Buffer.of(Format.F16, size, i -> banked.bank.get((long) STEP * size + i));
      var a = banked.args();
      var keys =
          new KeySet(
              copy.address(),
              copy.address(banked.width),
              0,
              0,
              2 * banked.width,
              2 * banked.width,
              64,
              1);
      var y = Buffer.room(Format.F16, banked.y.size());
      var args =
          new AttentionArgs(
              a.q(),
              y.address(),
              0,
              0,
              0,
              a.batchQ(),
              a.batchY(),
              keys,
              a.extra(),
              a.bank(),
              a.queries(),
              a.ldq(),
              a.ldy(),
              a.dim(),
              0,
              a.heads(),
              a.images(),
              a.scale());
      Shim.original().run(CudaKernels.attention(DType.F16, args), args, banked.own, copy, y);
      assertArrayEquals(banked.y.values(), y.values());
    }
  }

  @Test
  void singlePrecision() {
    check(DType.F32, Call.of(1, 2, 64, 64, 40));
    check(DType.F32, Call.of(1, 2, 33, 77, 160));
    check(DType.F32, Call.of(2, 1, 17, 40, 80));
  }

  @Test
  void oddHeadsAndTokens() {
    var r = new SplittableRandom(7);
    var sizes = List.of(1, 2, 5, 8, 10, 16, 17, 24, 31, 37, 48, 63, 67, 72, 79, 96, 101, 128, 159);
    for (int i = 0; i < 38; i++) {
      int keys = r.nextInt(5) == 0 ? 1 : 1 + r.nextInt(150);
      var c =
          Call.of(
                  1 + r.nextInt(2),
                  1 + r.nextInt(3),
                  1 + r.nextInt(80),
                  keys,
                  sizes.get(i % sizes.size()))
              .withShift(r.nextInt(8));
      check(i < 19 ? DType.F16 : DType.F32, r.nextInt(3) == 0 ? c.withCausal() : c);
    }
  }

  /** Scores of hundreds: nothing overflows, and the maximum moves from tile to tile. */
  @Test
  void largeScores() {
    for (int dim : List.of(40, 64, 80, 160)) {
      check(DType.F16, Call.of(1, 1, 64, 256, dim).withLoudness(60));
    }
  }

  /** The order of warps is any: the result is not. */
  @Test
  void theOrderOfWarpsDoesNotMatter() {
    var c = Call.of(1, 1, 128, 192, 40);
    var first = new Run(c, Format.F16);
    Shim.original().run(kernel(c), first.args(), 1, first.buffers());
    for (long seed = 2; seed < 6; seed++) {
      var again = new Run(c, Format.F16);
      Shim.original().run(kernel(c), again.args(), seed, again.buffers());
      assertArrayEquals(first.y.values(), again.y.values());
    }
  }
}
