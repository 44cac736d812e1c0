package org.drag4j.cli.option;

import org.drag4j.geometry.Point;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Numbers of pixels as the command line gives them. */
public final class Position {
  private static final double FAR = 1 << 15;

  private Position() {}

  /** Reads {@code x,y}. */
  public static final class Converter implements ITypeConverter<Point> {
    @Override
    public Point convert(String text) {
      double[] numbers = numbers(text, 2);
      if (numbers.length == 0) {
        throw new TypeConversionException("expected x,y in pixels, got '" + text + "'");
      }
      return new Point(numbers[0], numbers[1]);
    }
  }

  /** As many numbers between commas; none where the text is something else. */
  static double[] numbers(String text, int count) {
    String[] parts = text.split(",", -1);
    double[] numbers = new double[count];
    boolean good = parts.length == count;
    for (int i = 0; good && i < count; i++) {
      try {
        numbers[i] = Double.parseDouble(parts[i].strip());
      } catch (NumberFormatException e) {
        good = false;
      }
      good &= Math.abs(numbers[i]) <= FAR;
    }
    return good ? numbers : new double[0];
  }
}
