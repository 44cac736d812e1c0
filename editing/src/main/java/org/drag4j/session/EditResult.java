package org.drag4j.session;

import org.drag4j.geometry.Frame;
import org.drag4j.geometry.Mapping;
import org.drag4j.picture.Picture;

/**
 * An edited picture.
 *
 * @param picture as large as the original
 * @param pixels which pixel of the original each moved pixel comes from, in the original's size
 * @param changeOutside mean difference, in levels, between the method's picture and the original
 *     where the original is put back; 0 where everything may change
 * @param frame the part of the original that was edited, and the size at which
 */
public record EditResult(Picture picture, Mapping pixels, double changeOutside, Frame frame) {}
