/** Regions, polygons and arrows, and the pairs of pixels or latent cells they stand for. */
@NullMarked
package org.drag4j.geometry;

import org.jspecify.annotations.NullMarked;
