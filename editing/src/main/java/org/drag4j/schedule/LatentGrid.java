package org.drag4j.schedule;

/**
 * The shape of one latent in this engine's order {@code [1, height, width, channels]}, and
 * operations on its cells.
 *
 * <p>A cell is the number {@code y * width + x}. Where a cell occurs twice the later one wins.
 */
public record LatentGrid(int height, int width, int channels) {
  private static final int MAX_VALUES = 1 << 28;

  public LatentGrid {
    if (height < 1 || width < 1 || channels < 1 || (long) height * width > MAX_VALUES / channels) {
      throw new IllegalArgumentException(
          "latent grid: expected positive sizes of at most "
              + MAX_VALUES
              + " values, got "
              + height
              + "x"
              + width
              + "x"
              + channels
              + "; use a smaller image");
    }
  }

  /** The number of values of one latent. */
  public int size() {
    return height * width * channels;
  }

  /** The number of cells of one latent. */
  public int cells() {
    return height * width;
  }

  /** Reorders {@code [1, C, H, W]}, the order of the Python tools, to {@code [1, H, W, C]}. */
  public float[] fromNchw(float[] nchw) {
    requireSize(nchw, size());
    int cells = cells();
    float[] nhwc = new float[nchw.length];
    for (int c = 0; c < channels; c++) {
      for (int p = 0; p < cells; p++) {
        nhwc[p * channels + c] = nchw[c * cells + p];
      }
    }
    return nhwc;
  }

  /** Reorders {@code [1, H, W, C]} to {@code [1, C, H, W]}, the order of the Python tools. */
  public float[] toNchw(float[] nhwc) {
    requireSize(nhwc, size());
    int cells = cells();
    float[] nchw = new float[nhwc.length];
    for (int c = 0; c < channels; c++) {
      for (int p = 0; p < cells; p++) {
        nchw[c * cells + p] = nhwc[p * channels + c];
      }
    }
    return nchw;
  }

  /**
   * Copies whole cells: {@code into[target] = from[source]}, pair by pair.
   *
   * @param from a latent; may be {@code into} itself, all cells are read first
   * @param into a latent, changed in place
   */
  public void copyCells(float[] from, int[] source, float[] into, int[] target) {
    requireSize(from, size());
    requireSize(into, size());
    requireCells(source);
    requireCells(target);
    if (source.length != target.length) {
      throw new IllegalArgumentException(
          "cells: expected pairs, got "
              + source.length
              + " sources and "
              + target.length
              + " targets; pass one source per target");
    }
    scatter(gather(from, source), into, target);
  }

  /**
   * The cells of {@code inside} where {@code editable}, of {@code outside} elsewhere.
   *
   * @param editable one flag per cell, row by row
   * @return a new latent
   */
  public float[] select(boolean[] editable, float[] inside, float[] outside) {
    requireSize(inside, size());
    requireSize(outside, size());
    if (editable.length != cells()) {
      throw new IllegalArgumentException(
          "mask: expected "
              + cells()
              + " cells, got "
              + editable.length
              + "; sample it at the latent's size");
    }
    float[] out = outside.clone();
    for (int p = 0; p < editable.length; p++) {
      if (editable[p]) {
        System.arraycopy(inside, p * channels, out, p * channels, channels);
      }
    }
    return out;
  }

  private float[] gather(float[] x, int[] at) {
    float[] values = new float[at.length * channels];
    for (int j = 0; j < at.length; j++) {
      System.arraycopy(x, at[j] * channels, values, j * channels, channels);
    }
    return values;
  }

  private void scatter(float[] values, float[] x, int[] at) {
    for (int j = 0; j < at.length; j++) {
      System.arraycopy(values, j * channels, x, at[j] * channels, channels);
    }
  }

  private void requireCells(int[] at) {
    for (int cell : at) {
      if (cell < 0 || cell >= cells()) {
        throw new IllegalArgumentException(
            "cell: expected 0 to " + (cells() - 1) + ", got " + cell + "; keep it in the image");
      }
    }
  }

  private static void requireSize(float[] values, int size) {
    if (values.length != size) {
      throw new IllegalArgumentException(
          "latent: expected " + size + " values, got " + values.length + "; check its shape");
    }
  }
}
