package org.drag4j.geometry;

import java.util.List;

/**
 * Explicit pairs of latent cells, in their order: for exact replays, and for programs that map
 * themselves.
 *
 * @param sources a position in each cell to copy from, in pixels of the view's image
 * @param targets as many, in the cells to copy to
 * @param view whose grid names the cells
 */
public record CellsMapping(List<Point> sources, List<Point> targets, View view)
    implements RegionMapping {
  public CellsMapping {
    sources = List.copyOf(sources);
    targets = List.copyOf(targets);
    if (sources.size() != targets.size()) {
      throw new IllegalArgumentException(
          "cells: expected as many targets as handles, got "
              + sources.size()
              + " and "
              + targets.size()
              + "; pair them");
    }
  }

  @Override
  public Mapping cells(int width, int height) {
    Mapping.Builder pairs = new Mapping.Builder(sources.size());
    for (int i = 0; i < sources.size(); i++) {
      int column = view.column(targets.get(i).x());
      int row = view.row(targets.get(i).y());
      if (column >= 0 && row >= 0 && column < view.columns() && row < view.rows()) {
        pairs.add(view.column(sources.get(i).x()), view.row(sources.get(i).y()), column, row);
      }
    }
    return pairs.build();
  }

  /** The pixels of each source cell for those of its target cell, in their order. */
  @Override
  public Mapping pixels(int width, int height) {
    return cells(width, height).spread(view);
  }
}
