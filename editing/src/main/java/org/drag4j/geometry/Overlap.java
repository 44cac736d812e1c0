package org.drag4j.geometry;

import java.util.List;

/** Which of several drags gets a pixel or a cell that they all go to. */
public enum Overlap {
  /** The last one in the document. */
  LATER_WINS,
  /** The one whose target's middle is nearest. */
  WINNER_TAKES_ALL;

  /** The pairs of all drags, each target with the drag that gets it; later pairs win. */
  public Mapping merged(List<Mapping> drags, int width, int height) {
    return switch (this) {
      case LATER_WINS -> Mapping.concat(drags);
      case WINNER_TAKES_ALL -> Mapping.nearest(drags, width, height);
    };
  }
}
