package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class GemmTest {
  @BeforeAll
  static void width() {
    VectorWidth.fix(VectorWidth.ofThisProcessor());
  }

  private static List<Gemm> all() {
    return List.of(
        new ScalarGemm(),
        new VectorGemm6x4(),
        new VectorGemm6x2(),
        new VectorGemm6x1(),
        new PartialSumGemm(new ScalarGemm(), new ScalarRowMath()),
        new PartialSumGemm(new VectorGemm6x4(), new VectorRowMath()));
  }

  @Test
  void everyTileOfEveryKernelMatchesADoubleLoop() {
    for (var gemm : all()) {
      for (int count = 1; count <= 13; count++) {
        for (int k : new int[] {1, 2, 19, 300}) {
          for (var from : From.values()) {
            check(gemm, count, k, from);
          }
        }
      }
    }
  }

  /** Where sums start. */
  private enum From {
    RESULT,
    ONE_ROW,
    OTHER_ROWS
  }

  private static void check(Gemm gemm, int count, int k, From where) {
    int width = gemm.panelWidth();
    int first = 2;
    int delta = 3;
    int bStart = 5;
    int cStart = 7;
    int cStride = width + 9;
    float[] a = Sums.normal(40 * 20 + k, 1);
    float[] b = Sums.normal(bStart + k * width, 2);
    float[] before = Sums.normal(cStart + count * cStride, 3);
    float[] c = before.clone();
    // Rows in no order, one of them twice.
    int[] rows = new int[first + count];
    for (int r = 0; r < rows.length; r++) {
      rows[r] = (r * 17 + 5) % 37 * 20;
    }
    rows[rows.length - 1] = rows[first];
    float[] from = where == From.RESULT ? c : Sums.normal(11 + count * (width + 3), 4);
    float[] old = from.clone();
    int fromStart = where == From.RESULT ? cStart : 11;
    int fromStride =
        switch (where) {
          case RESULT -> cStride;
          case ONE_ROW -> 0;
          case OTHER_ROWS -> width + 3;
        };
    gemm.panel(
        a,
        rows,
        first,
        count,
        delta,
        b,
        bStart,
        k,
        from,
        fromStart,
        fromStride,
        c,
        cStart,
        cStride);
    for (int i = 0; i < c.length; i++) {
      int r = Math.floorDiv(i - cStart, cStride);
      int j = Math.floorMod(i - cStart, cStride);
      var what =
          gemm.getClass()
              + " "
              + where
              + " count "
              + count
              + " k "
              + k
              + " row "
              + r
              + " column "
              + j;
      if (i < cStart || j >= width) {
        assertEquals(before[i], c[i], what);
        continue;
      }
      var sum = Sums.Sum.ZERO.plus(old[fromStart + r * fromStride + j]);
      for (int n = 0; n < k; n++) {
        sum = sum.plus((double) a[rows[first + r] + delta + n] * b[bStart + n * width + j]);
      }
      Sums.assertClose(sum, c[i], what);
    }
  }

  @Test
  void longSumsOfPartialSumsAreMoreAccurate() {
    int k = 1 << 14;
    for (var gemm : List.of(new ScalarGemm(), VectorGemm.create())) {
      double plain = error(gemm, k);
      double partial = error(new PartialSumGemm(gemm, new ScalarRowMath()), k);
      assertTrue(4 * partial < plain, gemm.getClass() + ": " + partial + " and " + plain);
    }
  }

  /** Largest error of a row of sums of {@code k} products. */
  private static double error(Gemm gemm, int k) {
    int width = gemm.panelWidth();
    float[] a = Sums.normal(k, 1);
    float[] b = Sums.normal(k * width, 2);
    float[] c = new float[width];
    gemm.panel(a, new int[] {0}, 0, 1, 0, b, 0, k, c, 0, width, c, 0, width);
    double most = 0;
    for (int j = 0; j < width; j++) {
      double sum = 0;
      for (int i = 0; i < k; i++) {
        sum += (double) a[i] * b[i * width + j];
      }
      most = Math.max(most, Math.abs(sum - c[j]));
    }
    return most;
  }

  @Test
  void aRowDoesNotDependOnTheTileItIsIn() {
    for (var gemm : all()) {
      int width = gemm.panelWidth();
      float[] a = Sums.normal(13 * 50, 4);
      float[] b = Sums.normal(50 * width, 5);
      int[] rows = new int[13];
      Arrays.setAll(rows, r -> r * 50);
      var whole = new float[13 * width];
      gemm.panel(a, rows, 0, 13, 0, b, 0, 50, whole, 0, width, whole, 0, width);
      var single = new float[13 * width];
      for (int r = 0; r < 13; r++) {
        int at = r * width;
        gemm.panel(a, rows, r, 1, 0, b, 0, 50, single, at, width, single, at, width);
      }
      assertEquals(Arrays.toString(whole), Arrays.toString(single), gemm.getClass().toString());
    }
  }
}
