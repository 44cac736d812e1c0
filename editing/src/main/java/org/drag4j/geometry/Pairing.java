package org.drag4j.geometry;

/** Which latent cell is copied to which. */
public enum Pairing {
  /** A target cell gets the cell that its middle comes from, by the drag's pixels. */
  NEAREST,
  /** The drag is mapped anew on the grid of cells, as released. */
  AS_RELEASED
}
