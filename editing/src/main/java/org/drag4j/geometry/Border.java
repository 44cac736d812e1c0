package org.drag4j.geometry;

/** What becomes of a region that hangs over the border of its picture. */
public enum Border {
  /** What lies outside is cut off, and what lies inside keeps its size. */
  CUT,
  /** All of it is squeezed into what lies inside, as the released RegionDrag does it. */
  SQUEEZED
}
