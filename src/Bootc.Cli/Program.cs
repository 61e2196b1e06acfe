Console.WriteLine("bootc");
