package org.drag4j.geometry;

/** Which of several drags gets a cell that they all go to. */
public enum Overlap {
  /** The last one in the document, cell by cell. */
  LATER_WINS,
  /** The one whose target's middle is nearest. */
  WINNER_TAKES_ALL
}
