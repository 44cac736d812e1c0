package org.drag4j.verify;

import org.drag4j.tensor.Shape;

/**
 * One recorded tensor compared with what this engine computes.
 *
 * @param name file name without extension, {@code /}, tensor name; {@code @seed} after the tensors
 *     of a run whose random numbers were drawn instead of read
 * @param shape as recorded; empty where there is no such tensor
 * @param relL2 Euclidean norm of the difference over that of the recording; not a number where
 *     nothing could be compared
 * @param maxAbs largest difference; not a number where nothing could be compared
 * @param allowed largest {@code relL2} that is right; 0 means every element equal
 * @param ok whether the tensor is right
 * @param note what a person should know besides; empty where there is nothing
 */
public record ParityRow(
    String name,
    Shape shape,
    double relL2,
    double maxAbs,
    double allowed,
    boolean ok,
    String note) {}
