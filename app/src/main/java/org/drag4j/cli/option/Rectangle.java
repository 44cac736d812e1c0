package org.drag4j.cli.option;

import org.drag4j.geometry.Area;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A rectangle as the command line gives it, in pixels of the picture. */
public record Rectangle(double x, double y, double width, double height) {
  /** The rectangle as a region. */
  public Area area() {
    return new Area.Rectangle(x, y, width, height);
  }

  /** Reads {@code x,y,w,h}. */
  public static final class Converter implements ITypeConverter<Rectangle> {
    @Override
    public Rectangle convert(String text) {
      double[] numbers = Position.numbers(text, 4);
      if (numbers.length == 0 || !(numbers[2] > 0 && numbers[3] > 0)) {
        throw new TypeConversionException(
            "expected x,y,w,h in pixels with w and h above 0, got '" + text + "'");
      }
      return new Rectangle(numbers[0], numbers[1], numbers[2], numbers[3]);
    }
  }
}
