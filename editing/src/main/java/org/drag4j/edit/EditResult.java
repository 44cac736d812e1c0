package org.drag4j.edit;

import org.drag4j.geometry.Mapping;

/**
 * An edited picture.
 *
 * @param picture as large as the original
 * @param pixels which pixel of the original each moved pixel comes from, in the original's size
 * @param working the size at which it was edited
 */
public record EditResult(Picture picture, Mapping pixels, WorkingSize working) {}
